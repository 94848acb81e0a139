from __future__ import annotations

import pytest

from safeinstall.facts import Layout
from safeinstall.layout import is_read_for_layout, wheel_layout

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
