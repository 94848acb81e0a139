from __future__ import annotations

from configparser import RawConfigParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeinstall.guard.wall import KEY, TEXT, UnreadableError, is_walled, with_wall, without_wall

ENTRY = f"{KEY} = {TEXT}\n"
OPEN, CLOSE = "# >>> safe-pip guard >>>\n", "# <<< safe-pip guard <<<\n"


def test_an_empty_configuration():
    sections = "".join(f"[{name}]\n{ENTRY}" for name in ("install", "download", "wheel", "lock"))
    assert with_wall("") == f"{OPEN}{sections}{CLOSE}"


def test_a_section_that_is_there_is_kept_and_the_wall_is_its_last_word():
    text = "[global]\ntimeout = 7\n\n[install]\nno-index = false\nfind-links =\n   /a\n   /b\n\n[list]\nformat = json\n"
    walled = with_wall(text)
    assert walled.startswith(
        "[global]\ntimeout = 7\n\n[install]\nno-index = false\nfind-links =\n   /a\n   /b\n"
        f"{OPEN}{ENTRY}{CLOSE}\n[list]\nformat = json\n{OPEN}[download]\n"
    )
    assert without_wall(walled) == text
    assert is_walled(walled)


@pytest.mark.parametrize("text", ["[install]", "[install]\n\n\n", "; a comment\n[lock]\n[install]\nuser = yes"])
def test_odd_ends(text):
    walled = with_wall(text)
    assert is_walled(walled)
    assert without_wall(walled) == text + ("" if text.endswith("\n") else "\n")


@pytest.mark.parametrize("key", [KEY, "no-index"])
def test_what_pip_writes_drops_the_marks_but_not_the_wall(tmp_path, key):
    """A newer pip also gives the key its plain name."""
    parser = RawConfigParser()
    parser.read_string(with_wall("[global]\ntimeout = 7\n"))
    parser.set("global", "retries", "1")
    with (tmp_path / "pip.conf").open("w") as file:
        parser.write(file)
    text = (tmp_path / "pip.conf").read_text().replace(KEY, key)
    assert is_walled(text)
    assert "safe-pip" not in without_wall(text)
    assert "retries = 1" in without_wall(text)


def test_a_later_word_in_the_section_is_no_wall():
    text = with_wall("")
    assert not is_walled(text.replace("[download]", "no-index = false\n[download]"))
    assert not is_walled(text.replace(ENTRY, "", 1))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("timeout = 7\n", "contains no section headers"),
        ("[global]\na = 1\na = 2\n", "option 'a' in section 'global' already exists"),
        ("[install]\n--no-index = true\n", "written in an unusual way"),
        (" [install]\nuser = yes\n", "written in an unusual way"),
    ],
)
def test_what_pip_could_not_read_is_not_touched(text, why):
    with pytest.raises(UnreadableError, match=why):
        with_wall(text)


SECTIONS = st.dictionaries(
    st.sampled_from(["global", "install", "download", "wheel", "lock", "list", "freeze"]),
    st.dictionaries(
        st.sampled_from(["no-index", "timeout", "index-url", "no_index"]),
        st.text("abc/:.=\n ", max_size=12).map(lambda s: s.strip().replace("\n", "\n  ")),
        max_size=3,
    ),
)


@given(SECTIONS, st.sampled_from(["", "\n", "\n\n# end\n"]))
def test_whatever_the_settings_are_they_stay_and_the_wall_stands(sections, end):
    lines = [
        line for name, items in sections.items() for line in [f"[{name}]", *(f"{k} = {v}" for k, v in items.items())]
    ]
    text = "\n".join(lines) + end
    walled = with_wall(text)
    assert is_walled(walled)
    assert without_wall(walled) == text + ("" if text.endswith("\n") or not text else "\n")
