"""Installs mutants end to end with safe-pip and a real pip, and says what was wrong with how that ended."""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
import stat
import subprocess
import time
from base64 import urlsafe_b64decode
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from lib.index import LocalIndex
from lib.quick import Quick
from lib.targets import SITE_PACKAGES, Pip, make_target
from lib.wheels import make_wheel
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lib.mutants import Mutant
    from lib.quick import Told

CODES = frozenset({0, 1, 2, 10, 11, 12, 13})
"""README.md, "Exit codes": those that an installation may end with, but for a fault of ours."""
FORBIDDEN = ("Traceback", "Fatal Python error", "safe-pip: internal error", "ERROR: Exception")
"""Beginnings of lines; what a build says is indented."""
OLD = "0.5"
Tree = dict[str, tuple[int, object]]
"""Mode and bytes (or target, or nothing) of everything, by its path."""


@dataclass(frozen=True)
class Problem:
    """What was wrong with one run."""

    kind: str
    """The same for the same fault, mostly."""
    text: str


@dataclass
class Installs:
    """One user and one index, both made anew for each mutant."""

    place: Path
    pip: Pip
    ends: dict[str, int] = field(default_factory=dict)
    longest: float = 0.0
    """Seconds."""

    def __post_init__(self) -> None:
        self.place.mkdir(parents=True)
        own = Pip(self.pip.version, self.place / "pip")  # mutants must not reach the one that all share
        for name in ("pip", f"pip-{own.version}.dist-info"):
            shutil.copytree(self.pip.folder / name, own.folder / name, symlinks=True)
        self.index = LocalIndex().__enter__()
        self.user = Quick(self.place / "user", own, self.index)
        self.user.environ = {"MARK": str(self.place / "mark"), "PIP_NO_CACHE_DIR": "1", "PIP_TIMEOUT": "5"}
        self.pips = tree(own.folder)
        self.prepared = self.place / "prepared"

    def close(self) -> None:
        """End the processes."""
        self.user.close()
        self.index.__exit__(None, None, None)

    def run(self, mutant: Mutant) -> tuple[Told | None, list[Problem]]:
        """Install one mutant; return how that ended, and what was wrong with it."""
        self._renew(mutant)
        before, around = tree(self.user.target), self._around()
        argv = [self._filled(word, mutant) for word in mutant.argv]
        started = time.monotonic()
        run = self.user.start(*argv)
        try:
            told = self.user.wait(run)
        except subprocess.TimeoutExpired:
            run.kill()
            return None, [Problem("hang", f"more than {time.monotonic() - started:.0f} seconds")]
        self.longest = max(self.longest, time.monotonic() - started)
        self.ends[str(told.exit)] = self.ends.get(str(told.exit), 0) + 1
        problems = [*self._said(told), *self._left(mutant, told, before, around)]
        if problems:
            problems = [Problem(p.kind, f"{p.text}\n  {argv}") for p in problems]
        return told, problems

    def real_pip(self, mutant: Mutant) -> tuple[int, str, bool]:
        """Let pip alone do the same; return its exit code, whatever it says, and whether the environment is as before."""
        self._renew(mutant)
        before = tree(self.user.target)
        told = self.user.real_pip(*[self._filled(word, mutant) for word in mutant.argv])
        return told.exit, told.out + told.err, tree(self.user.target) == before

    def _renew(self, mutant: Mutant) -> None:
        for name in ("target", "cache", "state", "work", "home", "tmp"):
            shutil.rmtree(self.user.place / name, ignore_errors=True)
        for name in ("work/files", "home", "tmp"):
            (self.user.place / name).mkdir(parents=True)
        (self.place / "mark").unlink(missing_ok=True)
        make_target(self.user.target, self.user.pip)
        put(
            self.user.target,
            make_wheel("neighbour", "1.0", entry_points="[console_scripts]\nneighbour = neighbour:x\n"),
        )
        if mutant.resident:
            put(self.user.target, make_wheel(mutant.name, OLD, files={f"{mutant.name}/__init__.py": "OLD = 1\n"}))
        self._offer(mutant)
        for name, text in mutant.files.items():
            (self.user.place / "work" / name).write_text(text)
        (self.user.place / "policy.toml").write_text(f"schema = 1\n{mutant.policy}")

    def _offer(self, mutant: Mutant) -> None:
        self.index.forget()
        self.index.projects.clear()
        self.index.html = mutant.html
        if mutant.fallback:
            self.index.add(*make_wheel(mutant.name, "0.9"))
        self.index.add(*make_wheel("companion", "1.0"))
        self.index.add(*make_wheel("carrier", "1.0", [f"{mutant.name}>={OLD}", "companion"]))
        self.index.add(mutant.filename, mutant.data, project=mutant.name, **mutant.listed)
        with suppress(OSError, ValueError):
            (self.user.place / "work" / "files" / mutant.filename).write_bytes(mutant.data)

    def _filled(self, word: str, mutant: Mutant) -> str:
        told = {"{index}": self.index.root, "{work}": str(self.user.place / "work"), "{file}": quote(mutant.filename)}
        for name, value in told.items():
            word = word.replace(name, value)
        return word

    def _around(self) -> Tree:
        """Return what is around the environment, and must stay."""
        found = tree(self.place, leave={"pip", "mark", "target", "cache", "state", "home", "out", "err", "lib"})
        return {path: what for path, what in found.items() if not path.endswith(".socket")}

    def _said(self, told: Told) -> Iterator[Problem]:
        if told.exit not in CODES:
            yield Problem(f"exit {told.exit}", _end(told))
        lines = [line for line in (told.out + told.err).splitlines() if line.startswith(FORBIDDEN)]
        if lines:
            yield Problem("crash", f"{lines[0]!r}: {_end(told)}")
        if frames := [
            line for line in told.err.splitlines() if line.startswith("safe-pip:") and "/pip/_internal/" in line
        ]:
            yield Problem("pip's traceback is quoted", f"{len(frames)} frames: {_end(told)}")
        if told.exit not in {0, 1, 2} and "safe-pip" not in told.err:
            yield Problem("no message", _end(told))
        ours = [line for line in told.err.splitlines() if line.startswith("safe-pip: ")]
        if any(not line.isprintable() for line in ours):
            yield Problem("control characters are said", repr(ours))

    def _left(self, mutant: Mutant, told: Told, before: Tree, around: Tree) -> Iterator[Problem]:
        if (self.place / "mark").exists() and not (mutant.may_build and mutant.holds):
            yield Problem(
                "mark", f"built, though {'the policy' if mutant.holds else 'a hash or size'} speaks against it"
            )
        if left := self.user.leftovers():
            yield Problem("left behind", f"{left}")
        if self._around() != around:
            yield Problem("changed around", f"{changed(around, self._around())}")
        if tree(self.user.pip.folder) != self.pips:
            yield Problem("pip changed", f"{changed(self.pips, tree(self.user.pip.folder))}")
        after = tree(self.user.target)
        lib = self.user.place / "work" / "lib"
        if told.exit:
            if after != before:
                yield Problem("half installed", f"exit {told.exit}: {changed(before, after)}\n{_end(told)}")
            if lib.exists():
                yield Problem("half installed", f"exit {told.exit}: --target {sorted(tree(lib))}\n{_end(told)}")
        elif "--target" in mutant.argv:
            yield from complete(lib, lib, {}, tree(lib), mutant)
        elif after != before:
            yield from complete(self.user.target, self.user.target / SITE_PACKAGES, before, after, mutant)


def complete(root: Path, site: Path, before: Tree, after: Tree, mutant: Mutant) -> Iterator[Problem]:
    """Yield what is incomplete of an environment that pip has installed into."""
    if "--dry-run" in mutant.argv:
        yield Problem("a dry run installs", f"{changed(before, after)}")
        return
    explained: set[str] = set()
    found = {}
    for folder in sorted(site.glob("*.dist-info")):
        path = str(folder.relative_to(root))
        if folder.is_symlink() or before.get(f"{path}/RECORD") == after.get(f"{path}/RECORD"):
            found[_key(folder)] = folder
            continue
        found[_key(folder)] = folder
        rows, problems = recorded(root, site, folder)
        explained |= rows
        yield from problems
    if canonicalize_name(mutant.name) not in found and "carrier" not in mutant.argv:
        yield Problem("not installed", f"{sorted(found)}")
    removed = _removed(before, mutant)
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) == after.get(path) or path in explained or path in removed:
            continue
        if any(other.startswith(f"{path}/") for other in explained | removed):
            continue
        yield Problem("not in RECORD", f"{path!r}: {before.get(path)} became {after.get(path)}")
    yield from unmet(found, deps="--no-deps" not in mutant.argv)


def recorded(root: Path, site: Path, folder: Path) -> tuple[set[str], list[Problem]]:
    """Return the paths that a RECORD explains, and where it is wrong."""
    paths, problems = set(), []
    try:
        with (folder / "RECORD").open(encoding="utf-8", newline="") as text:
            rows = list(csv.reader(text))
    except (OSError, ValueError, csv.Error) as error:
        return set(), [Problem("RECORD cannot be read", f"{folder.name}: {error!r}")]
    for row in rows:
        name = row[0].removeprefix("../../") if row and root == site else (row or [""])[0]  # pip --target writes it so
        path = Path(os.path.normpath(site / name)) if row else site
        if not row or "\0" in row[0] or not path.is_relative_to(root):
            problems.append(Problem("RECORD, row", f"{folder.name}: {row}"))
            continue
        paths.add(str(path.relative_to(root)))
        problems += [Problem("RECORD is wrong", f"{folder.name}: {row}: {why}") for why in _unlike(path, row)]
    for name in ("METADATA", "WHEEL", "RECORD", "INSTALLER"):
        if not (folder / name).is_file():
            problems.append(Problem("dist-info is incomplete", f"{folder.name}: no {name}"))
    return paths, problems


def _unlike(path: Path, row: list[str]) -> Iterator[str]:
    if not path.is_file():
        if path.suffix != ".pyc":
            yield "no such file"
        return
    data = path.read_bytes()
    if len(row) > 1 and row[1]:
        kind, _, told = row[1].partition("=")
        with suppress(ValueError):
            if kind not in hashlib.algorithms_guaranteed:
                yield "no such hash"
            elif urlsafe_b64decode(told + "=" * (-len(told) % 4)) != hashlib.new(kind, data).digest():
                yield f"has {kind}={hashlib.new(kind, data).hexdigest()}"
    if len(row) > 2 and row[2] and row[2] != str(len(data)):
        yield f"has {len(data)} bytes"


def _removed(before: Tree, mutant: Mutant) -> set[str]:
    """Return what an older version brought."""
    tops = (f"{SITE_PACKAGES}/{mutant.name}-{OLD}.dist-info", f"{SITE_PACKAGES}/{mutant.name}")
    return {path for path in before if path.startswith(tops)}


def unmet(found: Mapping[str, Path], *, deps: bool) -> Iterator[Problem]:
    """Yield what is called otherwise within, and the requirements that are not met, as ``pip check`` does."""
    for name, folder in found.items():
        if name in {"pip", "neighbour"}:
            continue
        own = PathDistribution(folder)
        said = own.metadata["Name"] if own.metadata else None
        if said is None or canonicalize_name(said) != name:
            yield Problem("installed under another name", f"{folder.name}: {said!r}")
        for text in own.metadata.get_all("Requires-Dist") or () if own.metadata and deps else ():
            try:
                wanted = Requirement(text)
                if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
                    continue
            except (InvalidRequirement, ValueError) as error:
                yield Problem("an invalid requirement is installed", f"{folder.name}: {text[:99]!r}: {error}")
                continue
            other = found.get(canonicalize_name(wanted.name))
            if other is None or not wanted.specifier.contains(_version(other), prereleases=True):
                yield Problem("a requirement is not met", f"{folder.name}: {text[:99]!r}")


def put(target: Path, file: tuple[str, bytes]) -> None:
    """Put an honest wheel into an environment, as pip does, but for what is compiled."""
    from lib.drafts import wheel_of

    name, version = file[0].split("-")[:2]
    wheel = wheel_of(name, version, file)
    wheel.members[f"{wheel.info}/INSTALLER"] = b"pip\n"
    if f"{wheel.info}/entry_points.txt" in wheel.members:
        wheel.members[f"../../../bin/{name}"] = b"#!/bin/sh\n"
    for path, data in {**wheel.members, f"{wheel.info}/RECORD": wheel.true_record()}.items():
        place = Path(os.path.normpath(target / SITE_PACKAGES / path))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def tree(folder: Path, leave: set[str] = frozenset()) -> Tree:  # type: ignore[assignment]
    """Return everything below *folder*: names, modes, bytes; links are not followed."""
    found: Tree = {}
    waiting = [str(folder)]
    while waiting:
        place = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.name in leave:
                    continue
                path, status = entry.path, entry.stat(follow_symlinks=False)
                kind: object = None
                if entry.is_symlink():
                    kind = str(Path(path).readlink())
                elif stat.S_ISREG(status.st_mode):
                    kind = _bytes(path, status)
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                found[os.path.relpath(path, folder)] = (status.st_mode, kind)
    return found


_READ: dict[tuple[int, int, int], bytes] = {}


def _bytes(path: str, status: os.stat_result) -> bytes:
    """Large trees are read once."""
    key = (status.st_ino, status.st_size, status.st_mtime_ns)
    if key not in _READ or "/pip/" not in path:
        _READ[key] = hashlib.sha256(Path(path).read_bytes()).digest()
    return _READ[key]


def changed(before: Tree, after: Tree) -> str:
    """Say in short where two trees differ."""
    unlike = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    signs = ["+" if path not in before else "-" if path not in after else "~" for path in unlike]
    return ", ".join(f"{sign}{path}"[:200] for sign, path in zip(signs[:12], unlike, strict=False)) + (
        "…" if unlike[12:] else ""
    )


def _key(folder: Path) -> str:
    return canonicalize_name(folder.name.removesuffix(".dist-info").rpartition("-")[0])


def _version(folder: Path) -> str:
    return folder.name.removesuffix(".dist-info").rpartition("-")[2]


def _end(told: Told) -> str:
    """Return what a run said at last, without the frames of tracebacks."""
    lines = [line for line in told.err.splitlines() if line.strip(" ^~") and not line.startswith("  File ")]
    return "\n  ".join(["", *(line[:300] for line in lines if not line.startswith("    "))][-8:])
