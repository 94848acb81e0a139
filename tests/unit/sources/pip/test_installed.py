"""One project at a time is looked up among what the host described."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from safeinstall.errors import UnsatisfiableError
from safeinstall.facts.values import Missing
from safeinstall.sources.pip.installed import InstalledDistributions, check_listed

OLD, NEW = (24, 0), (24, 1)


def held(row, pip=NEW):
    return InstalledDistributions({"app": {"name": "app", **row}}, pip)("app")


def described(*lines):
    return "".join(f"{line}\n" for line in lines)


def test_what_pip_has_read_is_taken():
    text = described("Name: Other", "Version: 1.0", 'Requires-Dist: dep ; extra == "x"', "Provides-Extra: x")
    found = held({"info": "/site/app.egg-info", "version": "1.0", "metadata": text, "editable": True})
    assert (found.version, found.stated_version, found.editable) == (Version("1.0"), Version("1.0"), True)
    assert [str(each) for each in found.metadata.requires_dist] == ['dep; extra == "x"']


def test_an_ordinary_one_is_read_when_it_is_asked_for(tmp_path):
    (tmp_path / "METADATA").write_text(described("Name: app", "Version: 1.0", "Requires-Dist: dep"))
    found = held({"info": str(tmp_path)})
    assert (found.version, [str(each) for each in found.metadata.requires_dist]) == (Version("1.0"), ["dep"])
    assert held({"info": str(tmp_path), "version": "2.0"}).version == Version("2.0")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"Name: app\nVersion: 1.0\nSummary: \xff\n", "/METADATA: the metadata of app is not UTF-8 (byte 32)"),
        (b"Name: app\nVersion: 1.0\nRequires-Dist: a b\n", "the metadata of app has an invalid Requires-Dist: 'a b'"),
    ],
)
def test_what_it_requires_may_be_unknown(tmp_path, content, reason):
    (tmp_path / "METADATA").write_bytes(content)
    found = held({"info": str(tmp_path)})
    assert found.version == Version("1.0")
    assert isinstance(found.metadata, Missing)
    assert found.metadata.reason.endswith(reason)
    assert str(tmp_path) in found.metadata.reason


def test_what_pip_finds_nothing_in_requires_nothing():
    found = held({"info": "/s/app-1.0.dist-info", "version": "1.0", "metadata": "", "problem": "it is a directory"})
    assert (found.version, found.metadata.requires_dist) == (Version("1.0"), ())


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"info": "/s/app.egg-info", "problem": "/s/app.egg-info/PKG-INFO: not UTF-8"}, "PKG-INFO: not UTF-8"),
        ({"info": "/s/app.egg-info", "metadata": "Name: app\n", "version": None}, "/s/app.egg-info has no Version"),
        ({"info": "/s/app.egg-info", "metadata": "", "version": "old-1"}, "'old-1' is no version (PEP 440)"),
        ({"info": "/nowhere/app-1.0.dist-info"}, "/nowhere/app-1.0.dist-info/METADATA: No such file or directory"),
    ],
)
def test_a_version_that_nobody_knows(row, reason):
    with pytest.raises(UnsatisfiableError) as caught:
        held(row)
    assert caught.value.message.startswith("the installed package app cannot be read: ")
    assert caught.value.message.endswith(reason)


def test_to_an_older_pip_what_is_no_version_is_less_than_all():
    found = held({"info": "/s/app.egg-info", "metadata": "", "version": "old-1"}, OLD)
    assert (found.version < Version("0a1"), found.stated_version) == (True, "old-1")
    assert (found.meets(SpecifierSet()), found.meets(SpecifierSet("<1"))) == (True, False)


def test_what_stops_pip_stops_the_run():
    check_listed([{"name": "app"}, {"name": "b", "problem": "x"}])
    with pytest.raises(UnsatisfiableError, match=r"^pip cannot list what is installed: /s/x.egg-link: no$"):
        check_listed([{"name": None, "problem": "/s/x.egg-link: no", "stops": True}])
