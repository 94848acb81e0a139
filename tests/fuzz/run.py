"""Fuzz the parsers: ``python tests/fuzz/run.py --seconds 60 [PARSER…]``. What is found stays in ``corpus/PARSER/``.

Coverage-guided where atheris is installed, else by random changes of what is in the corpus.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import subprocess
import sys
import time
import traceback
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
CORPUS = Path(__file__).with_name("corpus")
INPUT_LIMIT = 4096
"""Bytes that one input may grow to."""


def main() -> int:
    """Fuzz one parser after the other, each in a process of its own."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("parsers", nargs="*")
    options.add_argument("--seconds", type=int, default=60, help="for each parser")
    options.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.here:
        return fuzz(given.parsers[0], given.seconds)
    from lib.parsers import PARSERS

    failed = []
    for name in given.parsers or PARSERS:
        command = [sys.executable, __file__, "--here", "--seconds", str(given.seconds), name]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    print(f"failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


def fuzz(name: str, seconds: int) -> int:
    """Fuzz the parser *name*; a failing input is kept as ``crash-…`` and makes this fail."""
    folder = CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    if find_spec("atheris") is not None:
        return with_atheris(name, folder, seconds)
    return with_changes(name, folder, seconds)


def with_atheris(name: str, folder: Path, seconds: int) -> int:
    """Let libFuzzer choose the inputs."""
    import atheris

    with atheris.instrument_imports(include=["safeinstall", "packaging", "zipfile", "tarfile"]):
        from lib.parsers import seeds, survive
    sow(folder, seeds()[name])
    argv = [
        f"-max_total_time={seconds}",
        f"-max_len={INPUT_LIMIT}",
        f"-artifact_prefix={folder}/",
        "-timeout=20",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *argv, str(folder)], lambda data: survive(name, data))
    atheris.Fuzz()  # ends the process
    return 0


def with_changes(name: str, folder: Path, seconds: int) -> int:
    """Change inputs at random."""
    from lib.parsers import seeds, survive

    sow(folder, seeds()[name])
    known = [path.read_bytes() for path in sorted(folder.iterdir())]
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data, count = changed(random.choice(known), known), count + 1
        try:
            survive(name, data)
        except Exception:  # noqa: BLE001 - whatever it is, it is a fault
            traceback.print_exc()
            (folder / f"crash-{hashlib.sha1(data).hexdigest()}").write_bytes(data)
            return 1
    print(f"{name}: {count} inputs")
    return 0


def changed(data: bytes, known: list[bytes]) -> bytes:
    """Return *data* with some places changed, cut, repeated, or taken from another input."""
    found = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 4, 16])):
        place = random.randrange(len(found) + 1)
        other = random.choice(known)
        start = random.randrange(len(other) + 1)
        piece = random.choice(
            [random.randbytes(random.randint(1, 4)), other[start : start + random.randint(1, 40)], b""]
        )
        found[place : place + random.choice([0, 0, 1, 1, 2, 20])] = piece * random.choice([1, 1, 1, 1, 50])
    return bytes(found[:INPUT_LIMIT])


def sow(folder: Path, data: list[bytes]) -> None:
    """Begin a corpus with *data*."""
    for one in data:
        (folder / f"seed-{hashlib.sha1(one).hexdigest()[:12]}").write_bytes(one)


if __name__ == "__main__":
    sys.exit(main())
