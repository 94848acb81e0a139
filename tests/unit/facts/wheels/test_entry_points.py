from __future__ import annotations

import re
import warnings
from configparser import ConfigParser
from importlib.metadata import EntryPoints

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pip._vendor.distlib.util import get_export_entry

from safeinstall.facts.wheels.command_names import UnclearError
from safeinstall.facts.wheels.entry_points import COMMAND_GROUPS, read_commands

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pip._vendor.pkg_resources import EntryPoint

HEAD = "[console_scripts]\n"
NEWER = re.compile(
    r"""(?P<name>([^\[]\S*))\s*=\s*(?P<callable>(\w+)([:\.]\w+)*)
        \s*(\[\s*(?P<flags>[\w-]+(=\w+)?(,\s*\w+(=\w+)?)*)\s*\])?""",
    re.VERBOSE,
)
"""distlib since pip 23.3: util.py, ENTRY_RE."""


def refusal(text: str | bytes) -> tuple[str, str]:
    with pytest.raises(UnclearError) as caught:
        read_commands(text if isinstance(text, bytes) else text.encode())
    return caught.value.reason, caught.value.what


def test_commands_of_both_groups_and_nothing_else():
    text = (
        "# first\n[console_scripts]\nacme = acme.cli:main\n\nacme.tool=acme.tool:Class.main [a-b, c]\n"
        "# no = comment\n[acme.plugins]\nother = anything at all\n; x = y\n[ acme.more ]\nx =\n"
        "[gui_scripts]\n\tmy gui  =  acme.gui:main\n"
    )
    assert read_commands(text.encode()) == {
        "acme": ("acme", "acme.cli:main"),
        "acme.tool": ("acme.tool", "acme.tool:Class.main [a-b, c]"),
        "gui": ("my gui", "acme.gui:main"),
    }


@pytest.mark.parametrize("text", ["", "\n# nothing\n", "[console_scripts]\n", "[other]\nx = y\n"])
def test_nothing_is_declared(text):
    assert read_commands(text.encode()) == {}


@pytest.mark.parametrize(
    "text", ["[console_scripts]\r\na = b:c\r\n", "  [console_scripts]\n  a = b:c\n\n", "[console_scripts]\n    a=b:c"]
)
def test_how_it_is_laid_out_does_not_matter(text):
    assert read_commands(text.encode()) == {"a": ("a", "b:c")}


def test_of_two_groups_the_one_that_pip_installs_last_counts():
    gui, console = "[gui_scripts]\nx = gui:main\n", "[console_scripts]\nx = console:main\n"
    assert (
        read_commands((gui + console).encode()) == read_commands((console + gui).encode()) == {"x": ("x", "gui:main")}
    )


@pytest.mark.parametrize(
    "name", ["./pip", "../bin/pip", "x/pip", "..\\pip", ".pip", "@pip", "", "; x", "[x", "x: y", "a\tb"]
)
def test_a_name_that_is_not_plain(name):
    reason, what = refusal(f"{HEAD}{name} = a:main\n")
    assert (reason, what) in {
        ("declares a command without a plain name", name),
        ("has a group in its entry_points.txt that is not the same to all readers", f"{name} = a:main"),
    }


@pytest.mark.parametrize(
    "target",
    [
        "", "a", "a.b", "a:", ":a", "a:b:c", "a : b", "a: b", "a-b:c", "a.:b", ".a:b", "a:.b", "a:b c", "a:b #c", "a:b ; c",
        "a:b []", "a:b [c, d-e]", "a:b [c , d]", "a:b [c=d]", "a:b [c,]", "a:b [-c]", "a:b [é]", "a:b [c] d", "%(x)s:a", "a=b:c",
    ],
)  # fmt: skip
def test_a_target_on_which_some_pip_fails(target):
    line = f"x = {target}".strip()
    assert refusal(f"{HEAD}{line}\n") == ("declares a command that does not start a function of a module", line)


TWICE = "declares a command twice"
GROUP = "has a group in its entry_points.txt that is not the same to all readers"
FAILS = "has a line in its entry_points.txt on which pip fails"
ODD = "has a character in its entry_points.txt that some readers end a line at"
CONTINUED = "has a line in its entry_points.txt that is an entry only to some readers"


@pytest.mark.parametrize(
    ("text", "reason", "what"),
    [
        (f"{HEAD}x = a:b\nx = a:c\n", TWICE, "x"),
        (f"{HEAD}x = a:b\nmy x = a:c\n", "declares two commands that become one file", "x"),
        (f"{HEAD}[gui_scripts]\nmy x = a:b\n{HEAD}", "declares the commands of one group in two places", "console_scripts"),
        ("[[console_scripts]]\nx = a:b\n", GROUP, "[[console_scripts]]"),
        ("[ console_scripts ]\nx = a:b\n", GROUP, "[ console_scripts ]"),
        ("[console_scripts\nx = a:b\n", GROUP, "[console_scripts"),
        ("[console_scripts] # x\nx = a:b\n", GROUP, "[console_scripts] # x"),
        ("[DEFAULT]\nx = a:b\n[console_scripts]\n", GROUP, "[DEFAULT]"),
        ("x = a:b\n[console_scripts]\n", FAILS, "x = a:b"),
        (f"{HEAD}x\n", FAILS, "x"),
        ("[other]\nx\n", FAILS, "x"),
        ("[other]\n; x\n", FAILS, "; x"),
        (f"{HEAD}x = a:b\n  y = a:b\n", CONTINUED, "y = a:b"),
        (f"\ufeff{HEAD}x = a:b\n", ODD, "\ufeff"),
        *((f"{HEAD}# x{end}y = a:b\n", ODD, end) for end in "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\r\x00\x1f"),
    ],
)  # fmt: skip
def test_what_two_readers_read_differently(text, reason, what):
    assert refusal(text) == (reason, what)


def test_what_is_not_utf8():
    assert refusal(HEAD.encode() + b"\xff") == ("has an entry_points.txt that is not UTF-8", "byte 18")


# --- against those who read it

ENDS = st.sampled_from(["\n"] * 20 + ["\r\n", "\x0c"])
GOOD = st.sampled_from(["x", "y.z", "my x", "my y", "your w", "g++", "é", "-", "_", "1", "a-b", "UP"])
NAMES = st.one_of(GOOD, GOOD, GOOD, st.sampled_from(["./x", "; x", "[x", "x=y", "x.", "x/y", ""]))
TARGETS = st.sampled_from(
    ["a:b", "b.c:d", "e:f [g]"] * 3
    + [
        "a:b",
        "a.b:c.d",
        "a:b [c]",
        "a:b [c-d]",
        "a:b[ c, d ]",
        "a:b [c, d-e]",
        "a : b",
        "a",
        "a:b:c",
        "a:b #c",
        "é:b",
        "",
    ]
)
ENTRIES = st.tuples(NAMES, st.sampled_from([" = ", "=", " =\t"]), TARGETS).map("".join)
INDENTED = st.tuples(st.sampled_from([""] * 9 + [" ", "\t"]), ENTRIES).map("".join)
OTHERS = st.sampled_from(
    ["[gui_scripts]", "[console_scripts]", "[other]", "[ gui_scripts ]", "", "# x = a:b", "; x = a:b"]
)
LINES = st.one_of(*[INDENTED] * 5, OTHERS, st.text(max_size=6))
TEXTS = st.lists(st.tuples(LINES, ENDS).map("".join), max_size=5).map(lambda lines: HEAD + "".join(lines))


def by_importlib(text):
    return [(e.group, e.name, e.value) for e in EntryPoints._from_text(text) if e.group in COMMAND_GROUPS]


def by_pkg_resources(text):
    """pip: metadata/pkg_resources.py, ``iter_entry_points``."""
    own = "".join(part for part in re.split(r"(?m)^(?=[ \t]*\[)", text) if part.strip().startswith(HEADS))
    rows = [(group, str(entry)) for group, found in EntryPoint.parse_map(own).items() for entry in found.values()]
    return [(group, *(part.strip() for part in row.split("=", 1))) for group, row in rows]


HEADS = tuple(f"[{group}]" for group in COMMAND_GROUPS)


def by_configparser(text):
    config = ConfigParser(delimiters="=")
    config.optionxform = str
    config.read_string(text)
    return [(group, *item) for group in COMMAND_GROUPS if group in config for item in config.items(group)]


def landed(entries):
    """Return what distlib makes of them, old and new, in pip's order (pip: install/wheel.py)."""
    old, new = {}, {}
    for _, name, value in sorted(entries, key=lambda entry: entry[0]):
        entry = get_export_entry(f"{name} = {value}")
        assert entry.suffix is not None
        found = NEWER.search(f"{name} = {value}")
        old[entry.name] = new[found["name"].removeprefix(" ")] = entry.prefix, entry.suffix
        assert found["callable"] == f"{entry.prefix}:{entry.suffix}"
    assert old == new
    return old


def without_extras(value):
    return value.partition("[")[0].strip()


def each_group_is_there_once(text):
    groups = [line.strip() for line in text.splitlines() if line.strip().startswith("[")]
    return len(set(groups)) == len(groups)


@given(TEXTS)
@example("[console_scripts]\n[x=e:f [g]\n[x=e:f [g]\n")
def test_what_is_read_is_what_everybody_reads(text):
    try:
        found = read_commands(text.encode("utf-8", "surrogatepass"))
    except UnclearError:
        return
    entries = by_importlib(text)
    assert landed(entries) == {
        place: tuple(target.split(" ")[0].partition("[")[0].split(":")) for place, (_, target) in found.items()
    }
    declared = sorted((group, name, without_extras(value)) for group, name, value in entries)
    assert declared == sorted((group, name, without_extras(value)) for group, name, value in by_pkg_resources(text))
    if text.isascii() and "[other]" not in text and "%" not in text and each_group_is_there_once(text):
        assert sorted(entries) == sorted(by_configparser(text))
