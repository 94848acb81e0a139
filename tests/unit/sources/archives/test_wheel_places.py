from __future__ import annotations

import pytest

from safeinstall.sources.archives.wheel_places import Tree, check_places, scheme_of, wheel_places

INFO = "app-1.0.dist-info"
SCHEMES = {"platlib": "/64", "purelib": "/lib", "headers": "/include/app", "scripts": "/bin", "data": "/"}


def test_where_everything_goes():
    data = "app-1.0.data"
    members = {
        "app.py": "/64/app.py",
        f"{data}/purelib/pure.py": "/lib/pure.py",
        f"{data}/platlib/plat.py": "/64/plat.py",
        f"{data}/headers/app.h": "/include/app/app.h",
        f"{data}/scripts/run": "/bin/run",
        f"{data}/data/share/x": "/share/x",
        f"{INFO}/WHEEL": f"/64/{INFO}/WHEEL",
        "sub/x.data/y": "/64/sub/x.data/y",
    }
    found = wheel_places(members, ["app"], SCHEMES, "/64")
    assert [place for place, _ in found] == [*members.values(), "/bin/app"]


@pytest.mark.parametrize("script", ["app", "app.exe", "app-script.py", "app.pya", "sub/app", "APP-Script.py"])
def test_pip_makes_its_own_of_these(script):
    member = f"app-1.0.data/scripts/{script}"
    command = "APP" if script.startswith("APP") else "app"
    assert [*wheel_places([member], [command], SCHEMES, "/lib")] == [(f"/bin/{command}", command)]


@pytest.mark.parametrize(
    ("member", "scheme"),
    [("a/b", ""), ("a", ""), ("a.data/b/c", "b"), ("a.data/data/c/d", "data")],
)
def test_the_scheme_of_a_member(member, scheme):
    assert scheme_of(member) == scheme


def test_what_a_wheel_may_bring_of_what_pip_writes():
    check_places("app.whl", [f"{INFO}/{name}" for name in ("INSTALLER", "REQUESTED", "RECORD", "METADATA")], [], INFO)


def test_a_tree_has_one_thing_at_each_place():
    tree = Tree()
    assert tree.add("/a/b/c", "one") is None
    assert tree.add("/a/b/c", "two") is None
    assert tree.add("/a/b", "three") == ("/a/b", "one")
    assert tree.add("/a/b/c/d/e", "four") == ("/a/b/c", "one")
    assert tree.files == {"/a/b/c": "one", "/a/b/c/d/e": "four"}
