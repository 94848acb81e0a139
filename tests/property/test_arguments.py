"""Our understanding of a command line, and pip's: what is ours is taken out, and nothing else is touched."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from safeinstall.request.arguments import parse_arguments
from safeinstall.sources.pip.host import JUDGED, may_be_judged

# In pip's grammar: abbreviations, clusters, values that look like options, options before and after the command.
FLAGS = (
    "-U",
    "-q",
    "-qq",
    "-vU",
    "--pre",
    "--no-deps",
    "--no-index",
    "--force-reinstall",
    "--prefer-binary",
    "-I",
    "--dry-run",
)
VALUED = (
    ("--timeout", "9"), ("-t", "lib"), ("--log", "--dry-run"), ("--upgrade-strat", "eager"), ("-f", "links"),
    ("--only-binary", ":all:"), ("--no-binary", "a,b"), ("-i", "https://packages.acme.example/simple"), ("--proxy", ""),
)  # fmt: skip
NAMES = ("app", "app[x]>=1", "app==1.0; python_version>'3'", "./app-1.0.whl", "a @ https://acme.example/a-1.0.tar.gz")

flags = st.sampled_from(FLAGS).map(lambda word: [word])
separate = st.sampled_from(VALUED).map(list)
joined = st.sampled_from([pair for pair in VALUED if pair[0].startswith("--")]).map(lambda pair: ["=".join(pair)])
names = st.sampled_from(NAMES).map(lambda word: [word])
words = st.lists(st.one_of(flags, separate, joined, names), max_size=6)
ours = st.sampled_from([["--policy", "strict"], ["--policy=strict"]])

ASK_PIP = """
import json, sys
from pip._internal.commands import create_command
for line in sys.stdin:
    options, rest = create_command("install").parse_args(json.loads(line))
    print(json.dumps([{k: str(v) for k, v in vars(options).items()}, rest]), flush=True)
"""


@cache
def pip() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P" if sys.version_info >= (3, 11) else "-E", "-c", ASK_PIP],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def by_pip(argv):
    """Return pip's own understanding of the arguments of ``install``."""
    process = pip()
    process.stdin.write(json.dumps(argv) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def teardown_module():
    process = pip()
    process.stdin.close()
    process.wait()
    process.stdout.close()
    pip.cache_clear()


@given(words, st.integers(0, 6), ours)
def test_what_is_ours_is_taken_out_wherever_it_stands(groups, place, policy):
    """Law: taking our options out of a command line gives the one without them."""
    flat = [word for group in groups for word in group]
    mixed = [word for group in (*groups[:place], policy, *groups[place:]) for word in group]
    assert parse_arguments(["install", *mixed]).pip == ("install", *flat)
    assert parse_arguments(["install", *mixed]).policy == "strict"


@settings(max_examples=60)
@given(words, st.integers(0, 6), ours)
def test_pip_understands_what_is_left_as_it_would_have(groups, place, policy):
    """Law: pip reads the same out of what we hand on as out of what the user would have typed for pip alone."""
    flat = [word for group in groups for word in group]
    mixed = [word for group in (*groups[:place], policy, *groups[place:]) for word in group]
    assert by_pip(list(parse_arguments(mixed).pip)) == by_pip(flat)


@given(st.lists(st.text(max_size=8), max_size=6))
def test_what_follows_two_dashes_is_never_ours(after):
    argv = ["install", "--", *after, "--policy", "x"]
    assert parse_arguments(argv).pip == tuple(argv)


@given(words, st.sampled_from(sorted(JUDGED)))
def test_a_judged_command_is_never_passed_through(groups, command):
    """Law: whatever stands before or after it, the name of a judged command is seen."""
    flat = [word for group in groups for word in group]
    assert may_be_judged([*flat, command])
    assert may_be_judged([command, *flat])
