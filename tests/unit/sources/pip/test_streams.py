"""Descriptors 0 to 2 are held before anything else is opened, and nothing that is said lands in another file."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import combinations

import pytest

from safeinstall.sources.pip.hosted import streams

OPEN = {
    "ours": "from safeinstall.sources.pip.streams import open_streams; open_streams()",
    "the host's": f"exec(open({streams.__file__!r}).read()); hold_streams()",
}
STREAMS = {0: "<&-", 1: ">&-", 2: "2>&-"}
SETS = [closed for size in range(1, 4) for closed in combinations(STREAMS, size)]
each_kind = pytest.mark.parametrize("opened", OPEN.values(), ids=OPEN)
each_set = pytest.mark.parametrize("closed", SETS, ids=lambda closed: "".join(map(str, closed)))
LOOK = """
import json, os, sys
{opened}
def look(number):
    return [os.path.samestat(os.fstat(number), os.stat(os.devnull)), os.get_inheritable(number)]
first = os.open(os.devnull, os.O_RDONLY)
said = [repr(sys.stdin.read()), sys.stdout.write("out"), sys.stderr.write("err"), sys.stdin.buffer.read().decode()]
json.dump([first, [look(n) for n in {closed}], said], open("found.json", "w"))
"""
TAKEN = """
import os, sys
file = os.open("file", os.O_WRONLY | os.O_CREAT)
assert file == {number}
{opened}
print("secret", flush=True)
print("secret", file=sys.stderr, flush=True)
"""


def run(code, closed, cwd):
    line = f'exec "$@" {" ".join(STREAMS[number] for number in closed)}'
    command = ["sh", "-c", line, "sh", sys.executable, "-c", code]
    return subprocess.run(command, check=True, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True)


@each_kind
@each_set
def test_what_is_closed_is_the_null_device_for_us_and_for_what_we_start(tmp_path, opened, closed):
    run(LOOK.format(opened=opened, closed=list(closed)), closed, tmp_path)
    first, held, said = json.loads((tmp_path / "found.json").read_text())
    assert first > 2
    assert held == [[True, True]] * len(closed)
    assert said == ["''", 3, 3, ""]


@each_kind
@pytest.mark.parametrize("number", [1, 2])
def test_a_file_that_got_the_number_before_us_hears_nothing(tmp_path, opened, number):
    run(TAKEN.format(opened=opened, number=number), [number], tmp_path)
    assert (tmp_path / "file").read_text() == ""


@each_kind
def test_what_is_open_stays_as_it_is(tmp_path, opened):
    done = run(f"import sys\n{opened}\nprint('out')\nprint('err', file=sys.stderr)", [], tmp_path)
    assert (done.stdout, done.stderr) == ("out\n", "err\n")
