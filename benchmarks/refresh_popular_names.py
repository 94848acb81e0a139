"""Make anew the list of popular names that ``[rules.typosquats]`` compares with.

    python benchmarks/refresh_popular_names.py RANKING [--count N]

RANKING is a file or an address with one project name per line, the most downloaded first, or with the JSON that
download statistics are commonly published as: ``{"rows": [{"project": "…"}, …]}``, in the same order. Which names are
popular is a fact that anybody can count; the list is our own selection of it: valid names, normalised, each once, the
first N.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from urllib.request import urlopen

from packaging.utils import canonicalize_name, is_normalized_name

from safeinstall.sources.index.popular_names import FILE

HEADER = """\
# Names of the most popular projects, normalised, the most popular first.
# Made by benchmarks/refresh_popular_names.py; do not edit.
"""
COUNT = 10_000
FEWEST = 5_000
"""A ranking of fewer names is a broken answer, or not a ranking."""


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


def select(ranked: list[str], count: int) -> list[str]:
    """Return the first *count* valid names, normalised, each once."""
    names = dict.fromkeys(canonicalize_name(name) for name in ranked)
    return [name for name in names if is_normalized_name(name)][:count]


def main() -> None:
    """Rewrite the list, and say what changed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ranking", help="a file, or an https address")
    parser.add_argument("--count", type=int, default=COUNT, help="how many names to keep (default: %(default)s)")
    options = parser.parse_args()
    names = select(projects(read(options.ranking)), options.count)
    if len(names) < FEWEST:
        raise SystemExit(f"{len(names)} names are too few; the list is left as it is")
    before = set(FILE.read_text(encoding="ascii").splitlines()) if FILE.exists() else set()
    FILE.write_text(HEADER + "\n".join(names) + "\n", encoding="ascii")
    print(f"{len(names)} names, {len(set(names) - before)} of them new, in {FILE}")


if __name__ == "__main__":
    main()
