from __future__ import annotations

import pytest

from safeinstall.facts.values import Layout
from safeinstall.facts.wheels.command_names import UnclearError
from safeinstall.facts.wheels.layout import is_read_for_layout, wheel_layout

ENTRY_POINTS = b"""\
[console_scripts]
acme = acme.cli:main
acme.tool=acme.tool:main [extra]
# no = comment
[acme.plugins]
other = acme.other:x
[gui_scripts]
acme-gui = acme.gui:main
"""


def test_everything_has_its_place():
    members = {
        "acme/__init__.py": "acme/__init__.py",
        "acme.pth": "acme.pth",
        "acme/data.pth": "acme/data.pth",
        "acme-1.0.data/purelib/pure.py": "pure.py",
        "acme-1.0.data/platlib/hook.pth": "hook.pth",
        "acme-1.0.data/data/lib/python3.13/site-packages/far.pth": "far.pth",
    }
    others = [
        "acme-1.0.dist-info/METADATA",
        "acme-1.0.data/scripts/run.sh",
        "acme-1.0.data/data/bin/python",
        "acme-1.0.data/data/share/x",
        "acme-1.0.data/data/lib/python3.13/os.py",
        "acme-1.0.data/headers/acme.h",
    ]
    texts = {m: b"import x" for m in members if m.endswith(".pth")}
    assert wheel_layout([*members, *others], texts) == Layout(
        modules={place: member for member, place in members.items()},
        scripts={"run.sh": "", "python": ""},
        data=("share/x", "lib/python3.13/os.py", "headers/acme.h"),
        startup={"acme.pth": "import x", "hook.pth": "import x", "far.pth": "import x"},
    )


def test_commands_are_read_from_entry_points():
    member = "acme-1.0.dist-info/entry_points.txt"
    assert wheel_layout([member], {member: ENTRY_POINTS}).scripts == {
        "acme": "acme.cli:main",
        "acme.tool": "acme.tool:main [extra]",
        "acme-gui": "acme.gui:main",
    }


SCRIPT = "acme-1.0.data/scripts/"
TEXT = "acme-1.0.dist-info/entry_points.txt"


def unclear(*members, entry_points=""):
    texts = {TEXT: f"[console_scripts]\n{entry_points}\n".encode()} if entry_points else {}
    with pytest.raises(UnclearError) as caught:
        wheel_layout([*members, *texts], texts)
    return caught.value.reason, caught.value.what


def test_a_command_has_the_name_that_lands_on_disk():
    assert wheel_layout([TEXT], {TEXT: b"[console_scripts]\nmy pip = a:main\n"}).scripts == {"pip": "a:main"}


def test_pip_makes_a_declared_command_itself_in_place_of_its_file():
    text = b"[console_scripts]\nacme = a:main\n"
    assert wheel_layout([SCRIPT + "acme", TEXT], {TEXT: text}).scripts == {"acme": "a:main"}


@pytest.mark.parametrize("member", [f"{SCRIPT}my run.sh", f"{SCRIPT}lib/x+y.py", "acme-1.0.data/data/BIN/c++/.hidden"])
def test_scripts_may_have_spaces_and_folders(member):
    assert len(wheel_layout([member], {}).scripts) == 1


@pytest.mark.parametrize(
    "member",
    [
        f"{SCRIPT}.pip", f"{SCRIPT} pip", f"{SCRIPT}pip ", f"{SCRIPT}pip.", f"{SCRIPT}C:pip", f"{SCRIPT}x/.pip", f"{SCRIPT}@/x",
        f"{SCRIPT}e\u0301", "acme-1.0.data/data/bin/.pip", "acme-1.0.data/data/Scripts/a:b", "acme-1.0.data/data/bin/@x/y",
    ],
)  # fmt: skip
def test_a_script_without_a_plain_name(member):
    assert unclear(member) == ("installs a command without a plain name", member)


@pytest.mark.parametrize(
    "member",
    [
        "./pip/__init__.py", "acme//x.py", "acme/./x.py", "./pip-99.dist-info/METADATA", "acme-1.0.dist-info/./entry_points.txt",
        "./acme-1.0.data/scripts/pip", "acme-1.0.data/./scripts/pip", "acme-1.0.data//scripts/pip", f"{SCRIPT}./pip", "/x.py",
    ],
)  # fmt: skip
def test_a_path_that_pip_shortens(member):
    assert unclear(member) == ("holds a file whose path is not in its shortest form", member)


@pytest.mark.parametrize(
    "member",
    ["acme-1.0.data/x.py", "acme.data", "acme-1.0.data/lib/x.py", "acme-1.0.data/Scripts/pip", "a.data/scripts"],
)
def test_a_file_for_which_pip_has_no_place(member):
    assert unclear(member) == ("holds a file that pip has no place for", member)


def test_two_commands_in_one_place():
    assert unclear(SCRIPT + "run", entry_points="my run = a:main") == (
        "installs two commands that become one file",
        "run",
    )
    assert unclear(SCRIPT + "run/x.sh", entry_points="run = a:main") == (
        "installs a command in place of a folder",
        "run",
    )


def test_what_is_read_of_entry_points_is_what_every_pip_reads():
    assert unclear(entry_points="./pip = a:main") == ("declares a command without a plain name", "./pip")


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("lib/Site-Packages/x.py", {"modules": {"x.py": ...}}),
        ("lib/\u017fite-packages/a/dist-packages/x.py", {"modules": {"x.py": ...}}),
        ("lib/site-packages", {"data": ("lib/site-packages",)}),
        ("bin", {"data": ("bin",)}),
        ("bin/x", {"scripts": {"x": ""}}),
        ("\u017fcripts/x", {"scripts": {"x": ""}}),
        ("share/bin/x", {"data": ("share/bin/x",)}),
    ],
)
def test_folders_are_found_as_a_file_system_that_folds_names_finds_them(path, where):
    member = f"acme-1.0.data/data/{path}"
    if "modules" in where:
        where = {"modules": {"x.py": member}}
    assert wheel_layout([member], {}) == Layout(**where)


def test_a_text_that_is_not_utf8_is_read_nevertheless():
    assert wheel_layout(["x.pth"], {"x.pth": b"import \xff"}).startup == {"x.pth": "import \ufffd"}


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("x.pth", True),
        ("X.PTH", True),
        ("a-1.data/purelib/x.pth", True),
        ("a-1.dist-info/entry_points.txt", True),
        ("a/a-1.dist-info/entry_points.txt", False),
        ("x.py", False),
    ],
)
def test_what_is_read(member, expected):
    assert is_read_for_layout(member) is expected
