"""Make anew the lists that ``[rules.typosquats]`` compares names with.

    python benchmarks/refresh_popular_names.py RANKING --as-of YYYY-MM-DD [--count N] [--wheels FOLDER]

RANKING is a file or an address with one project name per line, the most downloaded first, or with the JSON that
download statistics are commonly published as: ``{"rows": [{"project": "…"}, …]}``, in the same order; ``--as-of`` is
the day that it was counted. Which names are popular is a fact that anybody can count; the list is our own selection of
it: valid names, normalised, each once, the first N. What is no ranking (too few names, or many that are no names, or
few of those that were popular before) changes nothing.

``--wheels`` is a folder of wheels of popular projects, such as ``pip download --no-deps`` leaves there. Of what these
require, and what is required by that, the names that resemble a popular one are listed: they are no squats.
"""

from __future__ import annotations

import argparse
import json
import zipfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

from packaging.metadata import Metadata
from packaging.utils import NormalizedName, canonicalize_name, is_normalized_name

from safeinstall.facts.names.lookalikes import Lookalikes
from safeinstall.sources.index.popular_names import AS_OF, FILE, REQUIRED, popular_names, required_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HEADER = """\
# Names of the most popular projects, normalised, the most popular first.
# Made by benchmarks/refresh_popular_names.py; do not edit.
"""
REQUIRED_HEADER = """\
# Names that resemble a popular one, and of a popular project, or another of these, that requires it.
# Made by benchmarks/refresh_popular_names.py from wheels; do not edit.
"""
COUNT = 10_000
FEWEST = 5_000
"""A ranking of fewer names is a broken answer, or not a ranking."""
MOST_INVALID = 0.01
LEAST_KEPT = 0.5
"""Of the names that were listed before: no ranking changes faster."""


def read(ranking: str) -> str:
    """Return the text at a path or an address."""
    if ranking.startswith("https://"):
        with urlopen(ranking, timeout=60) as answer:
            return str(answer.read().decode())
    return Path(ranking).read_text(encoding="utf-8")


def projects(text: str) -> list[str]:
    """Return the names as they are ranked."""
    if text.lstrip().startswith("{"):
        return [row["project"] for row in json.loads(text)["rows"]]
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def select(ranked: list[str], count: int, before: Iterable[str]) -> list[NormalizedName]:
    """Return the first *count* valid names, normalised, each once. Raises ``ValueError`` for what is no ranking."""
    valid = [canonicalize_name(name) for name in ranked if is_normalized_name(canonicalize_name(name))]
    names = list(dict.fromkeys(valid))[:count]
    kept = set(before)
    if len(names) < min(FEWEST, count):
        raise ValueError(f"{len(names)} names are too few")
    if len(ranked) - len(valid) > MOST_INVALID * len(ranked):
        raise ValueError(f"{len(ranked) - len(valid)} of {len(ranked)} lines are no names of projects")
    if len(kept & set(names)) < LEAST_KEPT * len(kept):
        raise ValueError(f"only {len(kept & set(names))} of the {len(kept)} names of before are in it")
    return names


def requirements(folder: Path) -> dict[NormalizedName, list[NormalizedName]]:
    """Return what the wheels in *folder* require without any extra, by project."""
    found: dict[NormalizedName, list[NormalizedName]] = {}
    for wheel in sorted(folder.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            member = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            metadata = Metadata.from_email(archive.read(member), validate=False)
        plain = [r for r in metadata.requires_dist or () if "extra" not in str(r.marker)]
        found[canonicalize_name(metadata.name)] = [canonicalize_name(r.name) for r in plain]
    return found


def vouched(required: Mapping[NormalizedName, Iterable[NormalizedName]], names: list[NormalizedName]) -> dict[str, str]:
    """Return what resembles a popular name and is required by a chain that begins at one."""
    alike, found = Lookalikes(names), dict[str, str]()
    parents = [name for name in names if name in required]
    while parents:
        parent = parents.pop(0)
        for name in required.get(parent, ()):
            if name not in alike and name not in found and alike(name):
                found[name] = parent
                parents.append(name)
    return found


def main() -> None:
    """Rewrite the lists, and say what changed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ranking", help="a file, or an https address")
    parser.add_argument("--as-of", type=date.fromisoformat, required=True, help="the day that the ranking is of")
    parser.add_argument("--count", type=int, default=COUNT, help="how many names to keep (default: %(default)s)")
    parser.add_argument("--wheels", type=Path, help="a folder of wheels of popular projects")
    options = parser.parse_args()
    before = popular_names()
    try:
        names = select(projects(read(options.ranking)), options.count, before)
        listed = vouched(requirements(options.wheels), names) if options.wheels else required_names()
    except (OSError, ValueError, KeyError, TypeError, StopIteration, zipfile.BadZipFile) as error:
        raise SystemExit(f"{error!r}; the lists are left as they are") from None
    FILE.write_text("\n".join([f"{HEADER}{AS_OF}{options.as_of}.", *names, ""]), encoding="ascii")
    print(f"{len(names)} names, {len(set(names) - set(before))} of them new, in {FILE}")
    lines = [f"{name} {parent}" for name, parent in sorted(listed.items()) if name not in set(names)]
    REQUIRED.write_text("\n".join([REQUIRED_HEADER.rstrip(), *lines, ""]), encoding="ascii")
    print(f"{len(lines)} names that popular projects require, in {REQUIRED}")


if __name__ == "__main__":
    main()
