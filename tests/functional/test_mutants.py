"""Mutated wheels and source distributions, installed end to end: all of it, or nothing, and a message.

``python tests/fuzz/installs.py --seed 1 --only NUMBER --show`` makes one of them again.
"""

from __future__ import annotations

import re
from importlib.metadata import version

import pytest
from lib.installs import Installs
from lib.mutants import mutant
from lib.targets import Pip, find_pip

SEED, CHUNK = 1, 20
GATE, LONG = range(0, 200, CHUNK), range(200, 800, CHUNK)
KNOWN: tuple[tuple[str, str, str], ...] = (
    ("1", r"^mark", r"wrong: user"),
    ("1: of another size or md5 than the page tells", r"^mark", r"wrong: (small size|size|md5)"),
    (
        "3: data",
        r"BadZipFile|zlib\.error|compression method|strong encryption|EOFError|LZMAError|OSError: Invalid data stream",
        r"",
    ),
    ("3: RECORD", r"^RECORD|IndexError: list index out of range|_csv\.Error", r"RECORD| beside |member "),
    (
        "3: entry_points.txt",
        r"Invalid script entry point|Invalid specification|Pair\.__new__|not NoneType",
        r"entry_points",
    ),
    ("3: texts that are not UTF-8", r"Error decoding metadata", r""),
    ("3: .data directories", r"Unexpected file in|Unknown scheme key", r"\.data"),
    ("3: files where directories are", r"Not a directory|Is a directory|File exists|File name too long", r""),
    ("3: a member without a name", r"IndexError: string index out of range", r"name of nothing|member ''"),
    ("3: Wheel-Version", r"invalid Wheel-Version", r"Wheel-Version|WHEEL"),
    (
        "3: what a build yields",
        r"TypeError: expected string or bytes-like object|another name|is not met|invalid requirement",
        r"built wheel|prepared",
    ),
    ("5", r"^exit 70|internal error", r"PKG-INFO|METADATA|file called|prepared metadata|built wheel"),
    (
        "pip's traceback of a build",
        r"BackendUnavailable|TOMLDecodeError|argument of type|expandtabs|is quoted",
        r"setup\.py|pyproject|backend|tar",
    ),
)
"""Point of the issue, the problem, the change: what was there when this was written. To be empty."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("mutants")


@pytest.fixture(scope="module", params=[version("pip")])
def installs(request, place):
    pip = find_pip(request.param, place / "pips")
    if not isinstance(pip, Pip):
        pytest.skip(pip)
    installs = Installs(place / f"with-{pip.version}", pip)
    yield installs
    installs.close()


def problems(installs, start):
    found = []
    for number in range(start, start + CHUNK):
        made = mutant(SEED, number)
        _, wrong = installs.run(made)
        found += [f"{number}: {p.kind}: {made.changes}: {p.text}" for p in wrong if not is_known(p, made)]
    return found


def is_known(problem, made):
    said, changes = f"{problem.kind}: {problem.text}", " ".join(made.changes)
    return any(re.search(what, said) and re.search(change, changes) for _, what, change in KNOWN)


@pytest.mark.parametrize("start", GATE)
def test_all_or_nothing_and_a_message(installs, start):
    assert problems(installs, start) == []


@pytest.mark.slow
@pytest.mark.parametrize("start", LONG)
@pytest.mark.parametrize("installs", ["23.2.1", "26.3"], indirect=True)
def test_many_more(installs, start):
    assert problems(installs, start) == []


def test_a_number_is_always_the_same_mutant():
    assert [mutant(SEED, number) for number in range(50)] == [mutant(SEED, number) for number in range(50)]
