from email import message_from_string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.metadata import _RAW_TO_EMAIL_MAPPING, _STRING_FIELDS
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from safeinstall.errors import MetadataDynamicError, MetadataInvalidError
from safeinstall.facts.metadata import (
    _SINGLE_USE,
    _scan,
    parse_installed_metadata,
    parse_metadata,
    parse_metadata_json,
    parse_sdist_metadata,
)

HEAD = "Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.0\n"
SDIST = "Metadata-Version: 2.2\nName: foo-bar\nVersion: 1.0\n"


def parse(text, version="1.0"):
    return parse_metadata(text.encode(), name="foo-bar", version=Version(version))


def refusal(text, version="1.0"):
    with pytest.raises(MetadataInvalidError) as caught:
        parse(text, version)
    return caught.value.message


def test_reads_what_resolution_needs():
    text = HEAD + (
        "Requires-Python: >=3.8, <4\n"
        "Requires-Dist: a>=1\n"
        'requires-dist: b ; extra == "C_d"\n'
        "Provides-Extra: C_d\n"
        "\nRequires-Dist: in-the-description\n"
    )
    metadata = parse(text)
    assert metadata.name == "foo-bar"
    assert metadata.version == Version("1.0")
    assert metadata.requires_python == SpecifierSet(">=3.8,<4")
    assert metadata.requires_dist == (Requirement("a>=1"), Requirement('b; extra == "C_d"'))
    assert metadata.provides_extra == {"c-d"}
    assert metadata.text == text


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_will_do(end):
    metadata = parse((HEAD + "Requires-Dist: a\n\nRequires-Dist: text\n").replace("\n", end))
    assert metadata.requires_dist == (Requirement("a"),)


SINGLE_USE = [_RAW_TO_EMAIL_MAPPING[field] for field in sorted({*_STRING_FIELDS, "keywords"})]


def test_the_fields_that_may_stand_once_are_those_of_packaging():
    assert sorted(_SINGLE_USE) == sorted(SINGLE_USE)


@pytest.mark.parametrize("field", SINGLE_USE)
@pytest.mark.parametrize("read", [parse_metadata, parse_sdist_metadata])
def test_a_field_that_may_stand_once_stands_twice(field, read):
    text = "\n".join(line for line in SDIST.splitlines() if not line.lower().startswith(f"{field}:"))
    value = {"name": "foo-bar", "metadata-version": "2.2"}.get(field, "1.0")
    data = f"{text}\n{field.title()}: {value}\n{field.upper()}: {value}\n".encode()
    with pytest.raises(MetadataInvalidError) as caught:
        read(data, name="foo-bar", version=Version("1.0"))
    assert not isinstance(caught.value, MetadataDynamicError)
    assert caught.value.message.lower() == f"the metadata of foo-bar 1.0 has more than one {field}"


def test_which_of_two_names_is_right_does_not_matter():
    for names in (("foo-bar", "other"), ("other", "foo-bar")):
        text = "Metadata-Version: 2.1\n" + "".join(f"Name: {name}\n" for name in names) + "Version: 1.0\n"
        assert refusal(text) == "the metadata of foo-bar 1.0 has more than one Name"


def test_fields_that_may_stand_often_and_what_is_no_header():
    text = HEAD + "Classifier: a\nClassifier: b\nLicense-File: a\nLicense-File: b\nX: a\nX: b\n\nName: other\n"
    assert parse(text).name == "foo-bar"


def test_what_is_installed_is_read_as_pip_reads_it():
    text = HEAD + "Name: other\nRequires-Python: >=3.8\nRequires-Python: >=3.9\n"
    assert parse_installed_metadata(text.encode(), name="foo-bar").requires_python == SpecifierSet(">=3.8")


def test_an_invalid_requires_python_counts_as_absent():
    assert parse(HEAD + "Requires-Python: three\n").requires_python is None


def test_the_version_is_compared_as_a_version():
    assert parse(HEAD, version="1").version == Version("1.0")


def test_a_version_is_not_asked_for_when_unknown():
    assert parse_metadata(HEAD.encode(), name="foo-bar").version == Version("1.0")


def test_equal_requirements_are_parsed_once():
    one, other = parse(HEAD + "Requires-Dist: a>=1\n"), parse(HEAD + "Requires-Dist: a>=1\n")
    assert one.requires_dist[0] is other.requires_dist[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Version: 1.0\n", "the metadata of foo-bar 1.0 has no Name"),
        ("Name: foo-bar\n", "the metadata of foo-bar 1.0 has no Version"),
        ("Name: other\nVersion: 1.0\n", "the metadata of foo-bar 1.0 has another name: 'other'"),
        ("Name: foo-bar\nVersion: 2.0\n", "the metadata of foo-bar 1.0 has another version: '2.0'"),
        ("Name: foo-bar\nVersion: one\n", "the metadata of foo-bar 1.0 has an invalid Version: 'one'"),
        (HEAD + "Requires-Dist: a>=\n", "the metadata of foo-bar 1.0 has an invalid Requires-Dist: 'a>='"),
        ("", "the metadata of foo-bar 1.0 has no Name"),
    ],
)
def test_refuses_what_pip_refuses(text, message):
    assert refusal(text) == message


@pytest.mark.parametrize("name", ["/tmp/evil", "a/b", "a[b]", "..", "a b", "a\x1b", "é", "a" * 256])
def test_a_name_that_nobody_asked_for_is_a_name(name):
    """It becomes a folder of the stage and an identifier of the resolver."""
    text = f"Metadata-Version: 2.2\nName: {name}\nVersion: 1.0\n"
    with pytest.raises(MetadataInvalidError) as caught:
        parse_sdist_metadata(text.encode(), name=None)
    assert caught.value.message == f"the metadata of the file has an invalid Name: {name!r}"
    with pytest.raises(MetadataInvalidError):
        parse_metadata_json({"name": name, "version": "1.0"})


def test_a_name_that_nobody_asked_for_is_normalised():
    found = parse_sdist_metadata(b"Metadata-Version: 2.2\nName: Foo_Bar\nVersion: 1.0\n", name=None)
    assert found.name == parse_metadata_json({"name": "Foo_Bar", "version": "1.0"}).name == "foo-bar"


def test_refuses_text_that_is_not_utf_8():
    with pytest.raises(MetadataInvalidError) as caught:
        parse_metadata(HEAD.encode() + b"\xff", name="foo-bar")
    assert caught.value.message == f"the metadata of foo-bar is not UTF-8 (byte {len(HEAD)})"


LINES = st.sampled_from(
    [
        "Requires-Dist: a",
        "requires-dist:b",
        " continued",
        "\tcontinued",
        "no field",
        "",
        ":",
        "From x",
        "A\x0bB: c",
        "É: x",
        "Name :x",
    ]
)


@given(st.lists(LINES), st.sampled_from(["\n", "\r\n", "\r"]))
def test_sees_the_same_fields_as_the_email_package_which_pip_uses(lines, end):
    text = end.join(lines)
    message = message_from_string(text)
    assert _scan(text) == {key.lower(): [_unix(v) for v in message.get_all(key, [])] for key in message}


def _unix(value):
    return value.replace("\r\n", "\n").replace("\r", "\n")


def sdist(text):
    return parse_sdist_metadata(text.encode(), name="foo-bar", version=Version("1.0"))


def test_a_static_source_distribution_needs_no_build():
    assert sdist(SDIST + "Dynamic: Classifier\nRequires-Dist: a\n").requires_dist == (Requirement("a"),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEAD, "its PKG-INFO has Metadata-Version 2.1, which promises nothing"),
        ("Name: foo-bar\n", "its PKG-INFO has Metadata-Version none, which promises nothing"),
        ("Metadata-Version: two\n", "its PKG-INFO has Metadata-Version two, which promises nothing"),
        (
            SDIST + "Dynamic: requires-dist\nDynamic: License\nDynamic: Provides-Extra\n",
            "its PKG-INFO declares Provides-Extra, requires-dist dynamic",
        ),
        (SDIST + "Dynamic: Requires-Python\n", "its PKG-INFO declares Requires-Python dynamic"),
    ],
)
def test_a_dynamic_source_distribution_says_nothing(text, reason):
    with pytest.raises(MetadataInvalidError) as caught:
        sdist(text)
    assert caught.value.message == (
        f"the dependencies of the source distribution of foo-bar 1.0 are unknown before a build: {reason}"
    )
    assert caught.value.hint == "choose a version with a wheel, or let the policy build this project"


@pytest.mark.parametrize(
    "marker", ['"x" in extras', 'os_name == "x" or "x" in dependency_groups', '"1" == "1"', "'a'in 'ab'"]
)
def test_a_marker_that_nobody_can_evaluate_is_invalid(marker):
    assert refusal(f"{HEAD}Requires-Dist: a; {marker}\n").startswith(
        "the metadata of foo-bar 1.0 has an invalid Requires-Dist"
    )
