"""Real sets of packages: what safe-pip leaves is what pip leaves, cold and warm. Run with ``-m live``.

Files come from the default index once, and are kept in the folder that ``SAFEINSTALL_RECORDING`` names, else in that of
pytest's cache: both ways are given the same bytes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from lib.both_ways import COLD, WARM, WAYS, Asked, BothWays
from lib.real_sets import SETS
from lib.targets import find_pip, find_python

pytestmark = pytest.mark.live

SERVER = Path(__file__).parents[2] / "benchmarks" / "recorded_index.py"
PIPS = ("23.1", "24.0", "25.0", "26.3")
OTHER_PYTHONS = [("3.9", "25.0"), ("3.10", "23.1"), ("3.12", "24.0"), ("3.13", "26.3")]
SMALL = "requests flask attrs"
TIMEOUT = 10
"""Seconds."""


@pytest.fixture(scope="session")
def recorded_index(request):
    """The address of an index that says what the default index has once said."""
    folder = os.environ.get("SAFEINSTALL_RECORDING") or request.config.cache.mkdir("recording")
    command = [sys.executable, SERVER, folder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        url = server.stdout.readline().strip()
        try:
            urllib.request.urlopen(f"{url}idna/", timeout=TIMEOUT).close()
        except (OSError, urllib.error.URLError) as error:
            pytest.skip(f"the default index cannot be reached: {error}")
        else:
            yield url
        finally:
            server.communicate("")


@pytest.fixture
def both_ways(request, tmp_path, recorded_index):
    def make(version, base=None):
        pip = find_pip(version, Path(request.config.cache.mkdir("pips")))
        for found in (pip, base):
            if isinstance(found, str):
                pytest.skip(found)
        return BothWays(tmp_path, pip, recorded_index, base)

    return make


def left_alike(both, words):
    for way in WAYS:
        both.install(Asked([("install", "--only-binary", ":all:", *words.split())]), way)
    assert both.differences(COLD) == ""
    assert both.differences(WARM) == ""


@pytest.mark.parametrize("pip", PIPS)
@pytest.mark.parametrize("words", SETS)
def test_what_is_left_behind(both_ways, words, pip):
    left_alike(both_ways(pip), words)


@pytest.mark.parametrize(("python", "pip"), OTHER_PYTHONS)
def test_with_another_python(both_ways, python, pip):
    left_alike(both_ways(pip, find_python(python)), SMALL)
