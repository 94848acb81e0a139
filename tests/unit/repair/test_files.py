"""What is not meant stays as it is, to the byte."""

from __future__ import annotations

import sys

import pytest
from packaging.version import Version

from safeinstall.ports import ListedFile
from safeinstall.repair.entries import Change, edit
from safeinstall.repair.lock import edit_lock, read_lock
from safeinstall.repair.pyproject import read_parts, read_pyproject, read_requirement_texts, what_only_a_build_tells
from safeinstall.repair.requirements import read_requirements
from safeinstall.report.fix import diff

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SHA = "ab" * 32
NEW = ("12" * 32, "34" * 32)


def files(*hashes):
    return tuple(ListedFile(filename=f"{h}.whl", url=f"https://x/{h}.whl", hashes={"sha256": h}) for h in hashes)


OLD = f"""\
# pinned by hand: app==1.0
-c constraints.txt
--index-url https://index.example/app==1.0/

App[extra, more] == 1.0 ; python_version >= "3.8"  # app==1.0 was fine
app==1.0;sys_platform=="win32"
lib>=2.0,<3   # capped
free>=1
(not a requirement
own @ https://files.example/own-1.0.tar.gz
hashed==1.0 \\
    --hash=sha256:{SHA} \\
    --hash=sha256:{SHA}  # both
single==1.0 --hash=sha256:{SHA}
-e ./tree
"""


def test_requirements():
    entries = read_requirements(OLD)
    assert [entry.name for entry in entries] == ["app", "app", "lib", "hashed", "single"]
    changes = {
        "app": Change(Version("1.5")),
        "lib": Change(Version("3.1")),
        "hashed": Change(Version("2.0"), files(*NEW)),
        "single": Change(Version("2.0"), files(*NEW)),
    }
    new = edit(OLD, entries, changes)
    assert new == (
        OLD.replace("more] == 1.0 ;", "more] == 1.5 ;")
        .replace("app==1.0;sys", "app==1.5;sys")
        .replace("<3 ", "<4 ")
        .replace(
            f"hashed==1.0 \\\n    --hash=sha256:{SHA} \\\n    --hash=sha256:{SHA}",
            f"hashed==2.0 \\\n    --hash=sha256:{NEW[0]} \\\n    --hash=sha256:{NEW[1]}",
        )
        .replace(f"single==1.0 --hash=sha256:{SHA}", f"single==2.0 --hash=sha256:{NEW[0]} --hash=sha256:{NEW[1]}")
    )
    assert edit(new, read_requirements(new), changes) == new


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_stay(ending, mark):
    text = f"{mark}app==1.0{ending}"
    assert edit(text, read_requirements(text), {"app": Change(Version("1.5"))}) == f"{mark}app==1.5{ending}"


def test_a_continued_hash_in_dos_lines():
    text = f"app==1.0 \\\r\n  --hash=sha256:{SHA}\r\n"
    new = edit(text, read_requirements(text), {"app": Change(Version("1.5"), files(*NEW))})
    assert new == f"app==1.5 \\\r\n  --hash=sha256:{NEW[0]} \\\r\n  --hash=sha256:{NEW[1]}\r\n"


PYPROJECT = """\
[build-system]
requires = ["app==1.0"]

[project]  # app==1.0
name = "own"
description = "needs app==1.0"
dependencies = [
    # "app==1.0" until the rewrite
    "app==1.0", 'lib>=2,<3; python_version < "4"',
    "own[docs]",
]

[project.optional-dependencies]
docs = ["app[theme]==1.0"]

[dependency-groups]
dev = [{include-group = "test"}, "free"]
test = ["app~=1.0"]

[tool.other]
keep = ["app==1.0"]
"""


def test_pyproject():
    assert read_requirement_texts(PYPROJECT) == [
        "app==1.0", 'lib>=2,<3; python_version < "4"', "app[theme]==1.0", "free", "app~=1.0",
    ]  # fmt: skip
    changes = {"app": Change(Version("2.1")), "lib": Change(Version("3.4"))}
    new = edit(PYPROJECT, read_pyproject(PYPROJECT), changes)
    assert new == (
        PYPROJECT.replace('    "app==1.0",', '    "app==2.1",')
        .replace("lib>=2,<3;", "lib>=2,<4;")
        .replace("[theme]==1.0", "[theme]==2.1")
        .replace("app~=1.0", "app~=2.1")
    )


def test_a_diff_says_where_a_last_line_has_no_end():
    assert diff("/a/r.txt", "one\napp==1.0", "one\napp==1.5") == (
        "--- a/a/r.txt\n+++ b/a/r.txt\n@@ -1,2 +1,2 @@\n one\n-app==1.0\n\\ No newline at end of file\n"
        "+app==1.5\n\\ No newline at end of file\n"
    )
    assert diff("r.txt", "app==1.0\n", "app==1.0\n") == ""


INLINE = """\
lock-version = "1.0"
created-by = "somebody"  # kept

[[packages]]
name = "app"
version = "1.0"
marker = "python_version > '3'"
wheels = [
    { name = "app-1.0.whl", url = "https://x/[a].whl", hashes = { sha256 = "aa" } },  # ] }
]

[[packages]]
name = "lib"
version = "2.0"
sdist = { name = "lib-2.0.tar.gz", url = "https://x/lib", hashes = { sha256 = "bb" } }

[tool.somebody]
wheels = ["kept"]
"""
TABLES = """\
lock-version = "1.0"
created-by = "pip"
[[packages]]
name = "app"
version = "1.0"

[[packages.wheels]]
name = "app-1.0.whl"
url = "https://x/app"

[packages.wheels.hashes]
sha256 = "aa"

[packages.tool.pip]
kept = 1

[[packages]]
name = "lib"
version = "2.0"

[packages.sdist]
name = "lib-2.0.tar.gz"
url = "https://x/lib"
hashes = { sha256 = "bb" }
"""


@pytest.mark.parametrize("text", [INLINE, TABLES])
@pytest.mark.parametrize("name", ["app", "lib"])
def test_a_lock(text, name):
    lock = read_lock(text)
    assert lock.hashes == {"app": {"sha256:aa"}, "lib": {"sha256:bb"}}
    new = edit_lock(text, lock.entries, {name: Change(Version("3.0"), files("cc"))})
    (changed,) = (package for package in tomllib.loads(new)["packages"] if package["name"] == name)
    assert changed["version"] == "3.0"
    assert changed["wheels"] == [{"name": "cc.whl", "url": "https://x/cc.whl", "hashes": {"sha256": "cc"}}]
    assert "sdist" not in changed
    other = "lib" if name == "app" else "app"
    assert [p for p in tomllib.loads(new)["packages"] if p["name"] == other] == [
        p for p in tomllib.loads(text)["packages"] if p["name"] == other
    ]
    assert edit_lock(text, lock.entries, {}) == text


@pytest.mark.parametrize(
    "text",
    [
        '[project]\ndependencies = "app"',
        "[project]\ndependencies = [1]",
        '[project]\ndependencies = [{ include-group = "dev" }]\n[dependency-groups]\ndev = []',
        '[project]\ndependencies = ["app"]\noptional-dependencies = { "" = [] }',
        '[project]\noptional-dependencies = { A = ["app"], a = [] }',
        '[project]\noptional-dependencies = { a = { b = "app" } }',
        '[project]\ndynamic = "dependencies"',
        '[dependency-groups]\na-b = ["app"]\na_b = []',
        '[dependency-groups]\ndev = [{ include-group = "test" }]',
        '[dependency-groups]\ndev = [{ include-groups = "dev" }]',
        '[dependency-groups]\ndev = [{ include-group = "dev", extra = "app" }]',
        '[dependency-groups]\ndev = [["app"]]',
    ],
)
def test_no_requirement_of_a_pyproject_is_passed_over(text):
    with pytest.raises((ValueError, TypeError)):
        read_parts(text)
    with pytest.raises((ValueError, TypeError)):
        read_requirement_texts(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "packages = 1", 'lock-version = "1.0"\n[[packages]]\nname = "a"\ndirectory = { path = "." }',
        'lock-version = "1.0"\npackages = [{ name = "a", version = "1", wheels = [] }]',
        INLINE.replace('"lib"', '"app"'),
    ],
)  # fmt: skip
def test_a_lock_that_cannot_be_changed_by_its_text(text):
    with pytest.raises(ValueError, match="lock"):
        read_lock(text)


def test_parts_of_a_project():
    text = """\
[project]
name = "Own"
dependencies = ["a"]
[project.optional-dependencies]
CPU = ["b==1"]
gpu = ["b==2", "own[cpu_x]"]
cpu-x = ["c", "own[gpu]"]
none = []
[dependency-groups]
Dev = ["d", {include-group = "lint"}, "own[cpu]"]
lint = ["e", {include-group = "dev"}]
empty = []
"""
    assert read_parts(text) == {
        "extra cpu": ("a", "b==1"),
        "extra gpu": ("a", "b==2", "c"),
        "extra cpu-x": ("a", "c", "b==2"),
        "extra none": ("a",),
        "group dev": ("d", "e", "a", "b==1"),
        "group lint": ("e", "d", "a", "b==1"),
    }


def test_a_project_without_extras_is_one_part():
    assert read_parts('[project]\nname = "own"\ndependencies = ["a", "a"]\n') == {"dependencies": ("a",)}
    assert read_parts("") == {}


@pytest.mark.parametrize(
    ("text", "untold"),
    [
        ('[project]\nname = "own"', ""),
        ('[project]\nname = "own"\ndynamic = ["version"]', ""),
        ('[project]\ndynamic = ["dependencies", "version"]', "dependencies"),
        ('[project]\ndynamic = ["optional-dependencies"]\n[dependency-groups]\ndev = ["app"]', "optional-dependencies"),
        ('[project]\ndynamic = ["optional-dependencies", "dependencies"]', "dependencies and optional-dependencies"),
        ('[project]\ndynamic = "dependencies"', ""),
        ('[build-system]\nrequires = ["setuptools"]', "dependencies"),
        ('[build-system]\n[dependency-groups]\ndev = ["app"]', "dependencies"),
        ("[tool.ruff]", ""),
        ('[dependency-groups]\ndev = ["app"]', ""),
    ],
)
def test_what_a_project_leaves_to_its_build_is_known(text, untold):
    assert what_only_a_build_tells(text) == untold
