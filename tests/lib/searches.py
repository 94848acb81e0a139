"""Searches to compare: generated indexes on which a resolver goes back, and what pip and safe-pip did there, in order."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from lib.cases import MAIN, Case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lib.cases import Bench, Result

LONGEST = 5_000
"""Events of one search that are compared; there it is stopped."""
TRACE = """
import os, sys
class Trace:
    def __init__(self, *_, **__): self.out, self.left = open({path!r}, "w"), {longest}
    def __getattr__(self, _): return lambda *_, **__: None
    def note(self, event, *what):
        print(event, *what, file=self.out, flush=True)
        self.left -= 1
        if not self.left: os._exit(0)
    def of(self, candidate): return [candidate.{name}, candidate.version] if candidate else []
    def starting_round(self, index): self.note("round", index)
    def adding_requirement(self, requirement, parent): self.note("require", requirement.{name}, *self.of(parent))
    def rejecting_candidate(self, criterion, candidate): self.note("reject", *self.of(candidate))
    def pinning(self, candidate): self.note("pin", *self.of(candidate))
"""
OF_PIP = """
from pip._internal.resolution.resolvelib import resolver
resolver.PipReporter = Trace
from pip._internal.cli.main import main
sys.argv[0] = "pip"
sys.exit(main())
"""
OF_SAFE_PIP = """
from safeinstall import pipeline
Trace.onlooker = property(lambda self: self)
pipeline.Reporter = Trace
from safeinstall.__main__ import main
main()
"""
OPERATORS = ("==", "<=", "<=", ">=", "!=", "!=", "<", "~=")
ARGV = (
    "install --dry-run", "install --dry-run", "install --dry-run", "install", "install -U",
    "install --dry-run -U --upgrade-strategy eager", "install --dry-run --pre", "install --dry-run -c constraints.txt",
)  # fmt: skip


def traces(bench: Bench, case: Case) -> tuple[tuple[Result, list[str]], tuple[Result, list[str]]]:
    """Return how pip ended and how safe-pip did, each with all that its resolver did until then, a line an event."""
    paths = [bench.place / "pip.trace", bench.place / "safe-pip.trace"]
    for path in paths:
        path.write_text("")
    of_pip, of_safe_pip = (
        TRACE.format(path=str(path), name=name, longest=LONGEST) + code
        for path, name, code in zip(paths, ("name", "key"), (OF_PIP, OF_SAFE_PIP), strict=True)
    )
    results = bench.run_as(case, ["-c", of_pip], of_safe_pip)
    pip, safe = (path.read_text().splitlines() for path in paths)
    return (results[0], pip), (results[1], safe)


def generate(seed: int) -> Case:
    """Return a command on a small index where few versions can be had together; the same for the same *seed*."""
    chance = random.Random(seed)
    names, versions = [f"p{number}" for number in range(chance.randint(4, 7))], chance.randint(3, 8)
    files = [spec for name in names for spec in _project(chance, name, names, versions)]
    roots = chance.sample(names, chance.choice((1, 1, 2, 3)))
    asked = " ".join(f"'{root}{_extra(chance)}{_bound(chance, versions)}'" for root in roots)
    installed = {spec["wheel"].split()[0]: spec for spec in chance.sample(files, chance.choice((0, 0, 1, 2)))}
    return Case(
        name=f"generated-{seed}",
        why=f"Generated from {seed}.",
        argv=f"{chance.choice(ARGV)} {asked}",
        indexes={MAIN: files},
        installed=list(installed.values()),
        files={"constraints.txt": f"{chance.choice(names)}{_specifier(chance, versions)}\n"},
    )


def _project(chance: random.Random, name: str, names: list[str], versions: int) -> Iterator[dict[str, Any]]:
    """Yield its files: each version asks of the same others nearly the same, shifted by its number."""
    others = [other for other in chance.sample(names, chance.choice((1, 1, 2, 2, 3))) if other != name]
    asks = [(f"{other}{_extra(chance)}{chance.choice(OPERATORS)}", chance.choice((-1, 0, 0, 1))) for other in others]
    dead = chance.choice((0.0, 0.0, 0.8, 1.0))
    for number in range(1, versions + 1):
        needs = [f"{ask}{max(number + by, 1)}.0" for ask, by in asks if chance.random() < 0.9]
        needs += ["nowhere"] * (chance.random() < dead)
        version = f"{number}.0{chance.choice(('', '', '', '', 'rc1'))}"
        about: dict[str, Any] = {"wheel": f"{name} {version}", "requires": needs}
        if chance.random() < 0.5:
            about["extras"] = {"x": [f"{chance.choice(names)}{_bound(chance, versions)}"]}
        if chance.random() < 0.05:
            about |= {"requires_python": "<3", "link_requires_python": ""}
        yield about


def _extra(chance: random.Random) -> str:
    return "[x]" if chance.random() < 0.15 else ""


def _bound(chance: random.Random, versions: int) -> str:
    return _specifier(chance, versions) if chance.random() < 0.3 else ""


def _specifier(chance: random.Random, versions: int) -> str:
    return f"{chance.choice(OPERATORS)}{chance.randint(1, versions)}.0"
