"""Measure what ``[rules.typosquats]`` says of names: prints the tables of ``docs/names.md``; asserts nothing.

    python benchmarks/names.py DUMP RANKING [ORDINARY]

DUMP is a zip of OSV records, RANKING names in order of popularity that goes on behind the shipped list, ORDINARY a file
of names of new projects, one on each line. The other sets lie in ``benchmarks/names/``; what they are is said there.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import zipfile
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from safeinstall.facts.artifact import Artifact, ArtifactKind, Source, SourceKind
from safeinstall.facts.evidence import Evidence, Listed
from safeinstall.facts.finding import Level
from safeinstall.facts.names.lookalikes import Lookalikes
from safeinstall.facts.values import Missing
from safeinstall.sources.index.popular_names import names_as_of, popular_names
from safeinstall.sources.policies.policy_files import load_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from safeinstall.rules.base import Rule

SETS = Path(__file__).with_name("names")
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
NEIGHBOURS = {"a": "s", "e": "r", "i": "o", "o": "p", "t": "y", "n": "b", "r": "t", "s": "d", "l": "k", "c": "v"}
BANDS = ((1, 500), (501, 2_000), (2_001, 10_000))
SAMPLE = 400
"""Popular names of each band, from which variants are made."""
TARGETS = 2_000
NEAR = 320
YOUNG, WAITED, GROWN = (5, 1), (120, 3), (1_200, 12)
"""Days since the project began, and its releases."""
NOW = datetime(2026, 11, 30, tzinfo=timezone.utc)
POPULAR_BEGAN = NOW - timedelta(days=3_000)
INDEX = Source(kind=SourceKind.INDEX, url="https://packages.example/simple/", name="default")


def variants(name: str) -> set[str]:
    """Return every name that is one edit of Damerau's away, spelled out: an oracle without any arithmetic."""
    splits = [(name[:place], name[place:]) for place in range(len(name) + 1)]
    return {
        *(a + b[1:] for a, b in splits if b),
        *(a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1),
        *(a + letter + b[1:] for a, b in splits if b for letter in LETTERS),
        *(a + letter + b for a, b in splits for letter in LETTERS),
    } - {name}


def at(name: str, pair: str, other: str, rng: random.Random) -> str | None:
    """Return *name* with *other* for one *pair* of characters."""
    places = [place for place in range(len(name)) if name.startswith(pair, place)]
    if not places:
        return None
    place = rng.choice(places)
    return name[:place] + other + name[place + len(pair) :]


def swapped(name: str, rng: random.Random) -> str | None:
    """Return *name* with two characters swapped."""
    places = [p for p in range(len(name) - 1) if name[p] != name[p + 1] and "-" not in name[p : p + 2]]
    place = rng.choice(places)
    return name[:place] + name[place + 1] + name[place] + name[place + 2 :]


def doubled(name: str, rng: random.Random) -> str | None:
    """Return *name* with a character doubled."""
    place = rng.choice([p for p in range(len(name)) if name[p] != "-"])
    return name[:place] + name[place] + name[place:]


def left_out(name: str, rng: random.Random) -> str | None:
    """Return *name* without a character from its inside."""
    place = rng.choice([p for p in range(1, len(name) - 1) if name[p] != "-"] or [0])
    return name[:place] + name[place + 1 :] if place else None


def neighbour(name: str, rng: random.Random) -> str | None:
    """Return *name* with a key beside the right one."""
    places = [p for p, character in enumerate(name) if character in NEIGHBOURS]
    if not places:
        return None
    place = rng.choice(places)
    return name[:place] + NEIGHBOURS[name[place]] + name[place + 1 :]


def separated(name: str, rng: random.Random) -> str | None:
    """Return *name* without its separators, or with one."""
    if "-" in name:
        return name.replace("-", "")
    place = rng.randrange(2, len(name) - 1)
    return f"{name[:place]}-{name[place:]}"


def reordered(name: str, _rng: random.Random) -> str | None:
    """Return the words of *name* in another order."""
    return "-".join(reversed(name.split("-"))) if "-" in name else None


def shortened(name: str, _rng: random.Random) -> str | None:
    """Return *name* without its last word."""
    return name.rpartition("-")[0] or None


TRICKS: dict[str, Callable[[str, random.Random], str | None]] = {
    "two characters swapped": swapped,
    "one doubled": doubled,
    "one left out inside": left_out,
    "`0` for `o`": lambda name, rng: at(name, "o", "0", rng),
    "`1` for `l`": lambda name, rng: at(name, "l", "1", rng),
    "`rn` for `m`": lambda name, rng: at(name, "m", "rn", rng),
    "`vv` for `w`": lambda name, rng: at(name, "w", "vv", rng),
    "`cl` for `d`": lambda name, rng: at(name, "d", "cl", rng),
    "other separators": separated,
    "another order of words": reordered,
    "a neighbouring key": neighbour,
    "the last word left out": shortened,
    "`-utils`, `-sdk`, `-client`": lambda name, rng: f"{name}-{rng.choice(('utils', 'sdk', 'client'))}",
    "`X-js`, `X-ai`": lambda name, rng: f"{name}-{rng.choice(('js', 'ai'))}",
    "`my-X`": lambda name, _rng: f"my-{name}",
    "`X-cuda`, `X-cpu`, `X-gpu`": lambda name, rng: f"{name}-{rng.choice(('cuda', 'cpu', 'gpu'))}",
    "`python-X`, two swapped": lambda name, rng: f"python-{swapped(name, rng)}",
    "two further words": lambda name, rng: f"{name}-{rng.choice(('retry', 'session', 'config'))}-helper",
}


class Names:
    """The shipped names, and the rule as the presets set it."""

    def __init__(self) -> None:
        """Load both."""
        self.popular = popular_names()
        self.known = frozenset(self.popular)
        self.alike = Lookalikes(self.popular)
        self.rules = {preset: _rule(preset) for preset in ("baseline", "strict")}

    def verdict(self, preset: str, name: str, state: tuple[int, int]) -> Level:
        """Return what a *preset* says of a project of that *name*, so many days old and of so many releases."""
        days, releases = state
        found = self.rules[preset].check(_evidence(canonicalize_name(name), days, releases, self.alike))
        return max((finding.level for finding in found), default=Level.ALLOW)

    def row(self, title: str, names: Sequence[str]) -> str:
        """Return a line of the table: told while young, after waiting and grown up, and denied."""
        cells = [f"{sum(self.alike(canonicalize_name(name)) is not None for name in names)}"]
        for state in (YOUNG, WAITED, GROWN):
            levels = [self.verdict("baseline", name, state) for name in names]
            told, denied = sum(level > Level.ALLOW for level in levels), sum(level is Level.DENY for level in levels)
            cells.append(f"{told} ({denied})")
        strict = [self.verdict("strict", name, YOUNG) for name in names]
        return " | ".join([f"| {title}", str(len(names)), *cells, f"{sum(level is Level.DENY for level in strict)} |"])


def _rule(preset: str) -> Rule:
    return next(rule for rule in load_policy(preset, {}, Path.cwd()).rules if rule.id == "typosquats")


def _evidence(name: NormalizedName, days: int, releases: int, alike: Lookalikes) -> Evidence:
    versions = [Version(f"1.{number}") for number in range(releases)]
    began = NOW - timedelta(days=days)
    artifact = Artifact(
        name=name, version=versions[-1], filename=f"{name}.whl", url="", kind=ArtifactKind.WHEEL, source=INDEX
    )
    return Evidence(
        artifact=artifact,
        as_of=NOW,
        requested=True,
        upload_time=began,
        sha256=Missing("not asked for"),
        siblings=tuple(Listed(version=version, upload_time=began, yanked=False) for version in versions),
        lookalike=alike(name),
        first_upload=began,
        popular_upload=POPULAR_BEGAN,
    )


def listed(file: str) -> list[list[str]]:
    """Return the words of each line of one of our sets."""
    lines = (SETS / file).read_text(encoding="ascii").splitlines()
    return [line.split() for line in lines if line and not line.startswith("#")]


def malware(dump: str) -> set[NormalizedName]:
    """Return the names of all malware of an OSV dump."""
    with zipfile.ZipFile(dump) as archive:
        records = [json.loads(archive.read(name)) for name in archive.namelist() if name.startswith("MAL-")]
    return {canonicalize_name(affected["package"]["name"]) for record in records for affected in record["affected"]}


def near(names: Iterable[NormalizedName], targets: Iterable[str]) -> list[NormalizedName]:
    """Return those of *names* that are one edit of a target, separators aside; in an order that is nobody's."""
    copies = {copy for target in targets for copy in variants(target.replace("-", ""))}
    found = [name for name in names if name.replace("-", "") in copies]
    return sorted(found, key=lambda name: sha256(name.encode()).digest())


def by_trick(names: Names) -> Iterable[str]:
    """Yield a line for each trick: how many of the names that it makes of popular ones are told while young."""
    rng = random.Random(14)
    samples = []
    for first, last in BANDS:
        band = [name for name in names.popular[first - 1 : last] if len(name.replace("-", "")) > 4]
        samples.append(rng.sample(band, min(len(band), SAMPLE)))
    yield "| trick | rank 1 to 500 | to 2,000 | to 10,000 |\n|---|---|---|---|"
    for title, trick in TRICKS.items():
        cells = []
        for sample in samples:
            made = [canonicalize_name(copy) for name in sample if (copy := trick(name, rng))]
            fresh = [copy for copy in made if copy not in names.known]
            cells.append(f"{sum(names.alike(copy) is not None for copy in fresh) / len(fresh):.0%}")
        yield " | ".join([f"| {title}", *cells]) + " |"


def sets(names: Names, dump: str, ranking: str, ordinary: str | None) -> Iterable[str]:
    """Yield a line for each set of names."""
    long = [name for name in names.popular[:TARGETS] if len(name) > 4]
    rest = [n for n in map(canonicalize_name, Path(ranking).read_text().split()) if n not in names.known]
    reported = [name for name, _ in listed("reported.txt") if name not in names.known]
    yield "| names | of them | alike | young | waited | grown up | `strict`, young |\n|---|---|---|---|---|---|---|"
    yield names.row("malware, one edit", near(malware(dump) - names.known, long))
    yield names.row("reported", reported)
    yield names.row("invented", [name for (name,) in listed("invented.txt")])
    yield names.row("invented, held out", [name for (name,) in listed("invented-held.txt")])
    yield names.row("honest, one edit", near(rest, [name for name in names.popular if len(name) > 4])[:NEAR])
    yield names.row("less popular", rest)
    if ordinary:
        yield names.row("ordinary", [n for n in Path(ordinary).read_text().split() if n not in names.known])


def speed(ordinary: Sequence[NormalizedName]) -> str:
    """Return what the list costs: to read, to look at the first name, and at each further one."""
    clock = time.perf_counter
    start = clock()
    popular = popular_names()
    read = clock()
    alike = Lookalikes(popular)
    alike(ordinary[0])
    first = clock()
    for name in ordinary[1:]:
        alike(name)
    each = (clock() - first) / (len(ordinary) - 1)
    return f"read {read - start:.4f} s, first name {first - read:.4f} s, each further {each:.6f} s"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dump")
    parser.add_argument("ranking")
    parser.add_argument("ordinary", nargs="?")
    options = parser.parse_args()
    names = Names()
    print(f"The list of {names_as_of()}.\n", flush=True)
    for line in (*sets(names, options.dump, options.ranking, options.ordinary), "", *by_trick(names)):
        print(line)
    print(f"\n{speed([canonicalize_name(name) for (name,) in listed('invented.txt')])}", file=sys.stderr)


if __name__ == "__main__":
    main()
