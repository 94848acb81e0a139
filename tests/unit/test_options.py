from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from safeinstall.options import OPTIONS, render_table, spelled

DOCS = Path(__file__).parents[2] / "docs" / "compatibility.md"
ASK_PIP = """
import json
from pip._internal.commands import commands_dict, create_command
print(json.dumps({name: {o.dest: [*o._long_opts, *o._short_opts] for o in create_command(name).parser.option_list_all
                         if o.dest} for name in ("install", "download", "wheel", "lock") if name in commands_dict}))
"""


@pytest.fixture(scope="module")
def pip_options():
    """Every option of the installed pip's judged commands: command, destination, words."""
    done = subprocess.run([sys.executable, "-c", ASK_PIP], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_every_option_of_the_installed_pip_is_known(pip_options):
    """A new pip's new option fails here, and not the user."""
    assert {name for options in pip_options.values() for name in options} - OPTIONS.keys() == set()


def test_options_are_spelled_as_pip_spells_them(pip_options):
    words = {}
    for options in pip_options.values():
        for name, found in options.items():
            words.setdefault(name, set()).update(found)
    assert {name: spelled(name) for name, found in words.items() if spelled(name) not in found} == {}


def test_the_table_in_the_docs_is_this_one():
    assert render_table() in DOCS.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_nothing_is_left_open(name):
    treatment, note = OPTIONS[name]
    assert treatment.value
    assert "unknown" not in note
