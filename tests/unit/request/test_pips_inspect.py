from __future__ import annotations

import subprocess
import sys

import pytest

from safeinstall.request.arguments import own_command, parse_arguments, words_of_own
from safeinstall.request.pips_inspect import _WITH_VALUE, is_pips_inspect

PIPS = [
    "",
    "--local",
    "--user -v",
    "--path lib",
    "--path=lib",
    "--pat lib",
    "--no-color --disable-pip-version-check",
    "--log-file a.txt --timeout 5 --cache-dir here",
    "--time 5",
    "--python /usr/bin/python3",
    "--resume-retries 3",
    "--local acme==1.0",
    "acme==1.0 --path lib",
    "--",
    "-qq",
]
OURS = [
    "acme==1.0",
    "acme",
    "acme-1.0.tar.gz --json",
    "--python /usr/bin/python3 acme==1.0",
    "--json",
    "--format json",
    "--format=json",
    "--output a.txt",
    "--output a.txt acme==1.0",
    "-h",
    "--help",
    "-- --local",
    "https://a.example/acme-1.0.tar.gz",
    "--index-url https://a.example/ acme==1.0",
]


@pytest.mark.parametrize("line", PIPS)
def test_what_is_of_the_environment_is_pips(line):
    assert is_pips_inspect(line.split())


@pytest.mark.parametrize("line", OURS)
def test_what_names_a_release_or_asks_for_ours_is_ours(line):
    assert not is_pips_inspect(line.split())


def test_the_options_with_a_value_are_those_of_pip():
    ask = """
from pip._internal.commands import create_command
for option in create_command("inspect").parser.option_list_all:
    if option.takes_value():
        print(*option._long_opts, sep="\\n")
"""
    said = subprocess.run([sys.executable, "-c", ask], check=True, capture_output=True, text=True).stdout.split()
    assert "--cache-dir" in said
    assert set(said) <= set(_WITH_VALUE)


def test_a_command_line_is_left_to_pip_as_it_is():
    words = ("--python", "py", "inspect", "--local")
    assert parse_arguments(words).pip == words
    assert parse_arguments((*words[:3], "acme==1.0")).pip == ("inspect", "acme==1.0")
    assert (own_command(words), own_command((*words[:3], "acme==1.0"))) == (None, "inspect")
    assert not words_of_own(("inspect",))
    assert not words_of_own(())
    assert words_of_own(("inspect", "acme"))
    assert words_of_own(("guard",))
