from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from safeinstall.request.options import OPTIONS, render_table, spelled

DOCS = Path(__file__).parents[3] / "docs" / "compatibility.md"
ASK_PIP = """
import json
from pip._internal.commands import commands_dict, create_command
found = {}
for name in ("install", "download", "wheel", "lock"):
    for option in create_command(name).parser.option_list_all if name in commands_dict else ():
        if option.dest:
            found.setdefault(option.dest, []).extend([*option._long_opts, *option._short_opts])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def pip_options():
    """Every option of the installed pip's judged commands: destination, words."""
    done = subprocess.run([sys.executable, "-c", ASK_PIP], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_every_option_of_the_installed_pip_is_known(pip_options):
    """A new pip's new option fails here, and not the user."""
    assert pip_options.keys() - OPTIONS.keys() == set()


def test_options_are_spelled_as_pip_spells_them(pip_options):
    assert {name: spelled(name) for name, words in pip_options.items() if spelled(name) not in words} == {}


def test_the_table_in_the_docs_is_this_one():
    assert render_table() in DOCS.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_nothing_is_left_open(name):
    treatment, note = OPTIONS[name]
    assert treatment.value
    assert "unknown" not in note
