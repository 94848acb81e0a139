"""What ``baseline`` says of the ``.pth`` files of popular packages, by the facts in ``tests/data/startup_files.toml``.

``tests/live/test_startup_files.py`` looks whether they are still the facts.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import pytest
from lib.facts import evidence, messages
from lib.policies import TODAY, layered

from safeinstall.facts.values import Layout
from safeinstall.facts.wheels.path_files import is_code, path_file_lines
from safeinstall.sources.index.popular_names import popular_names

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FACTS = Path(__file__).parents[2] / "data" / "startup_files.toml"
WHEELS = tomllib.loads(FACTS.read_text(encoding="utf-8"))["wheel"]
LABELS = [f"{wheel['name']} {wheel['versions'][-1]}" for wheel in WHEELS]
PRESETS = ("baseline", "strict", "locked")


@cache
def contents_of(preset):
    policy = layered(TODAY, system=f'extends = "{preset}"\n')
    return next(rule for rule in policy.rules if rule.id == "contents")


def judged(rule, release, text, wheel):
    members = dict.fromkeys([wheel["file"], *wheel.get("members", ())], "")
    return messages(rule, evidence(release, contents=Layout(modules=members, startup={wheel["file"]: text})))


def code(wheel):
    return [line for line in path_file_lines(wheel["text"]) if is_code(line)]


def is_namespace(wheel):
    return all("sys._getframe(1).f_locals['sitedir']" in line for line in code(wheel))


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("wheel", WHEELS, ids=LABELS)
def test_no_preset_stops_a_popular_package_for_the_file_that_is_its_purpose(wheel, preset):
    for version in wheel["versions"]:
        assert judged(contents_of(preset), f"{wheel['name']}=={version}", wheel["text"], wheel) == []


@pytest.mark.parametrize("wheel", [w for w in WHEELS if not is_namespace(w)], ids=lambda wheel: wheel["name"])
def test_but_whoever_steals_its_account_can_put_nothing_else_there(wheel):
    rule, release = contents_of("baseline"), f"{wheel['name']}=={wheel['versions'][-1]}"
    for more in ("import os; os.system('x')", "import evil", f"{code(wheel)[0]}; import evil"):
        (message,) = judged(rule, release, f"{wheel['text']}\n{more}", wheel)
        assert message.startswith(f"runs code whenever Python starts: {wheel['file']}: ")


@pytest.mark.parametrize("wheel", [w for w in WHEELS if not is_namespace(w)], ids=lambda wheel: wheel["name"])
def test_nor_does_another_package_run_the_same(wheel):
    assert judged(contents_of("baseline"), "acme==1.0", wheel["text"], wheel)


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("_distutils_hack/__init__.abi3.so", "setuptools"),
        ("_distutils_hack/__pycache__/__init__.cpython-311.pyc", "setuptools"),
        ("_numba_cuda_redirector/__init__.py", "numba-cuda"),
        ("__pycache__/_numba_cuda_redirector.cpython-311.pyc", "numba-cuda"),
        ("Pip_System_Certs/bootstrap/__init__.py", "pip-system-certs"),
    ],
)
def test_nor_stands_where_an_exempt_line_imports(path, owner):
    given = evidence("acme==1.0", contents=Layout(modules={path: ""}))
    assert messages(contents_of("baseline"), given) == [f"stands where {owner} imports when Python starts: {path}"]
    assert messages(contents_of("baseline"), evidence(f"{owner}==1.0", contents=Layout(modules={path: ""}))) == []


def test_what_others_only_import_may_be_installed_by_its_own_project():
    for name in ("pandas", "coverage"):
        given = evidence(f"{name}==1.0", contents=Layout(modules={f"{name}/__init__.py": ""}))
        assert messages(contents_of("baseline"), given) == []


def test_nothing_is_exempt_that_no_release_is_known_to_have():
    known = {(wheel["name"], line.rstrip()) for wheel in WHEELS for line in code(wheel)}
    for entry in contents_of("baseline").exempt:
        assert entry.reason
        assert not entry.package.specifier
        assert entry.lines
        assert {(entry.package.pattern, line) for line in entry.lines} <= known


def test_all_of_them_are_popular():
    assert {wheel["name"] for wheel in WHEELS} <= set(popular_names())
