"""Every file of ``docs/docker.md``, step by step in a chroot; and what it says is refused, is."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path

import pytest
from lib.dockerfile import Builder, Step, parse, why_not
from lib.index import LocalIndex
from lib.repack import repacked, safe_pip_wheel
from lib.wheels import make_wheel
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "docker.md").read_text(encoding="utf-8")
FENCED = re.compile(r"^```(?:dockerfile|toml)\n# (?P<head>[^\n]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = {found["head"].rpartition(" -t ")[2].removesuffix(" ."): found["text"] for found in FENCED.finditer(TEXT)}
ADVISORY = {
    "id": "PYSEC-2013-29",
    "modified": "2021-08-27T03:22:17Z",
    "affected": [{"package": {"ecosystem": "PyPI", "name": "pycrypto"}, "versions": ["2.6"]}],
}
APP = "import flask\nprint('flask', flask.__version__)\n"
STOPPED = "safe-pip guard: pip by itself installs nothing here."

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(why_not()), reason=why_not())]


def closure(name):
    """Return a distribution and everything that it requires here, all of it installed."""
    found, wanted = {}, [name]
    while wanted:
        own = distribution(wanted.pop())
        if canonicalize_name(own.metadata["Name"]) in found:
            continue
        found[canonicalize_name(own.metadata["Name"])] = own
        requirements = map(Requirement, own.requires or ())
        wanted += [r.name for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})]
    return found


@pytest.fixture(scope="module")
def builder(tmp_path_factory):
    """A place to build in, with an index for the default one, and the base image built."""
    place = tmp_path_factory.mktemp("images")
    with LocalIndex() as index:
        needed = closure("safeinstall")
        del needed["safeinstall"]
        for own in needed.values():
            index.add(*repacked(own))
        files = {"flask/__init__.py": "__version__ = '3.1.3'\n"}
        index.add(*make_wheel("flask", "3.1.3", ["click"], files=files))
        for name in ("click", "pycrypto"):
            index.add(*make_wheel(name, "8.5"))
        builder = Builder(place, context(place))
        builder.index = index
        builder.add_python("python:3.12-slim", f"[global]\nindex-url = {index.url}\n")
        builder.add_python("registry.example/distroless-python:3.12", "", bare=True)
        builder.built = builder.build(FILES["guarded"], "guarded")
        yield builder
    shutil.rmtree(place)


def context(place):
    folder = place / "context"
    (folder / "dist").mkdir(parents=True)
    filename, data = safe_pip_wheel(ROOT)
    (folder / "dist" / filename).write_bytes(data)
    (folder / "osv").mkdir()
    (folder / "osv" / "PYSEC-2013-29.json").write_text(json.dumps(ADVISORY))
    (folder / "policy.toml").write_text(FILES["policy.toml"])
    (folder / "requirements.txt").write_text("flask\n")
    (folder / "app.py").write_text(APP)
    return folder


def test_the_base_image_is_built_and_its_guard_holds(builder):
    done = builder.built
    assert done.exit == 0, done.text
    lines = done.text.splitlines()
    assert "/usr/local: guarded" in lines
    assert "this system: guarded" in lines
    assert "  ok  python -m pip: judged, and refused by the policy" in lines
    assert not [line for line in lines if line.startswith("  NO")]


def test_settings_of_the_base_image_go_on_counting(builder):
    text = (builder.images["guarded"].root / "etc" / "pip.conf").read_text()
    assert text.startswith(f"[global]\nindex-url = {builder.index.url}\n# >>> safe-pip guard >>>\n")


@pytest.mark.parametrize("tag", ["app", "stages", "user", "distroless"])
def test_an_image_is_built_and_runs(builder, tag):
    done = builder.build(FILES[tag], tag)
    assert done.exit == 0, done.text
    assert builder.start(tag).text == "flask 3.1.3\n"


def test_a_cache_mount_serves_the_next_build(builder):
    assert builder.build(FILES["app"], "once").exit == 0
    asked = len(builder.index.requests)
    assert builder.build(FILES["app"], "again").exit == 0
    assert [request.path for request in builder.index.requests[asked:] if request.path.startswith("/files/")] == []


def test_the_last_stages_hold_no_pip_and_no_shell(builder):
    for tag in ("stages", "distroless"):
        if tag not in builder.images:
            assert builder.build(FILES[tag], tag).exit == 0
    assert not list((builder.images["stages"].root / "app" / "venv").rglob("pip*"))
    root = builder.images["distroless"].root
    assert not (root / "bin").exists()
    assert [path.name for path in root.rglob("pip") if path.is_dir()] == []


# What is refused


@pytest.fixture(scope="module")
def other(builder):
    """What the lines call packages.example; no test leaves this machine."""
    with LocalIndex() as index:
        index.add(*make_wheel("pycrypto", "8.5"))
        yield index


@pytest.fixture(scope="module")
def refusing(builder):
    """One image for all lines, for none of them changes what the next one meets."""
    assert builder.build("FROM guarded\nRUN true\n", "refusing").exit == 0
    return builder.images["refusing"]


def refused_lines():
    """Yield each ``RUN`` line with the settings before it."""
    settings = []
    for step in parse(FILES["refused"]):
        if step.word == "RUN":
            yield pytest.param(tuple(settings), step, id=step.rest)
        elif step.word != "FROM":
            settings.append(step)


LINES = list(refused_lines())


def test_there_are_lines_that_are_refused():
    assert len(LINES) == 12


@pytest.mark.parametrize(("settings", "step"), LINES)
def test_a_line_that_is_refused(builder, refusing, other, settings, step):
    for setting in settings:
        refusing, _ = builder.step(refusing, setting)
    words = step.rest.replace("https://packages.example/simple/", other.url)
    words = words.replace("PIP_CONFIG_FILE=/dev/null", f"PIP_CONFIG_FILE=/dev/null PIP_INDEX_URL={other.url}")
    _, done = builder.step(refusing, replace(step, rest=words))
    if "safe-pip: refused pycrypto 8.5" in done.text:
        assert (done.exit, "denylist" in done.text) == (10, True), done.text
    else:
        assert done.exit != 0
        assert STOPPED in done.text, done.text
    assert not list(refusing.root.rglob("pycrypto*"))


def test_a_user_cannot_take_the_guard_away(builder, refusing):
    user, _ = builder.step(refusing, Step("USER", "1000"))
    for line in (
        "rm /usr/local/bin/pip",
        "echo > /usr/local/pip.conf",
        "echo > /etc/pip.conf",
        "echo > /etc/xdg/safe-pip/policy.toml",
        "safe-pip guard remove --python /usr/local/bin/python3",
        "safe-pip guard remove --system",
    ):
        _, done = builder.step(user, Step("RUN", line))
        assert done.exit != 0, done.text
    assert builder.run(refusing, ["safe-pip", "guard", "status"]).exit == 0


def test_root_can_take_it_away_and_then_all_is_as_it_was(builder):
    lines = "RUN safe-pip guard remove --system && safe-pip guard remove --python /usr/local/bin/python3"
    done = builder.build(f"FROM guarded\n{lines}\n", "unguarded")
    assert done.exit == 0, done.text
    before, after = builder.images["python:3.12-slim"].root, builder.images["unguarded"].root
    for path in ("etc/pip.conf", "usr/local/bin/pip", "usr/local/bin/pip3"):
        assert (after / path).read_bytes() == (before / path).read_bytes()
        assert (after / path).stat().st_mode == (before / path).stat().st_mode
    assert not (after / "usr" / "local" / "pip.conf").exists()
    assert "pycrypto" in builder.run(builder.images["unguarded"], ["pip", "download", "pycrypto"]).text
