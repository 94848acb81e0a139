"""How long a sync, a look-up and a match take, and how much they need, over a real dump served on loopback.

    python benchmarks/advisories.py DUMP.zip [MODIFIED_ID.csv] [NAMES.txt] [--scores NUMBER]

Prints the targets beside what was measured; asserts nothing. NAMES holds popular names, one on each line, best first.
With --scores a list of so many made-up EPSS scores is synced too, the real ones of which are about 300,000.
"""

from __future__ import annotations

import json
import resource
import tempfile
import threading
import time
import zipfile
from argparse import ArgumentParser
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.facts.advisories import matching
from safeinstall.sources.advisories.cve_lists import ListSource
from safeinstall.sources.advisories.database import AdvisoryDatabase
from safeinstall.sources.advisories.osv_dump import Dump, DumpReader
from safeinstall.sources.advisories.sync import Syncer
from safeinstall.sources.network.http import HttpClient, HttpSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOOKED_UP = 130
PAIRS = 10_000


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def timed(what: str, target: str, act: Callable[[], object]) -> None:
    start = time.perf_counter()
    act()
    print(f"{what:<46} {(time.perf_counter() - start) * 1000:9.1f} ms   {target}")


def pins(dump: Path) -> list[tuple[str, str]]:
    """Return pins that the records list, each once."""
    found: dict[tuple[str, str], None] = {}
    with zipfile.ZipFile(dump) as archive:
        for name in archive.namelist():
            for affected in json.loads(archive.read(name))["affected"]:
                found |= {(affected["package"]["name"], version): None for version in affected.get("versions", ())[:2]}
    return list(found)[:PAIRS]


def epss(scores: int) -> str:
    """Return made-up scores, of as many CVEs of each year."""
    rows = (f"CVE-{1999 + number % 28}-{number // 28 + 1:04},0.{number % 97:02},0.5" for number in range(scores))
    return "\n".join(["#model_version:v1,score_date:2026-11-21T00:00:00+0000", "cve,epss,percentile", *rows, ""])


def main(dump: str, listing: str | None, popular: str | None, scores: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        mirror, cache = Path(temporary, "mirror"), Path(temporary, "cache")
        mirror.mkdir()
        (mirror / "all.zip").symlink_to(Path(dump).absolute())
        if listing:
            (mirror / "modified_id.csv").symlink_to(Path(listing).absolute())
        if scores:
            (mirror / "epss.csv").write_text(epss(scores))
        with served(mirror) as url, HttpClient(HttpSettings(proxy="")) as client:
            reader = DumpReader(client=client, progress=lambda _: None)
            lists = [ListSource("epss", f"{url}/epss.csv")] if scores else []
            syncer = Syncer(sources=[Dump.at(url)], lists=lists, directory=cache, reader=reader)
            timed("full sync", "target: 15 s", syncer.sync)
            print(f"{'memory of the process':<46} {memory():9.1f} MB   target: 300 MB")
            print(f"{'database':<46} {syncer.file.stat().st_size / 1e6:9.1f} MB   target: 40 MB")
            timed("sync, nothing new, the list compared", "", syncer.sync)
            timed("sync, nothing new, 304", "", syncer.sync)
        look_up(syncer.file, Path(popular).read_text().split()[:LOOKED_UP] if popular else None)
        with AdvisoryDatabase(syncer.file) as database:
            pairs = pins(Path(dump))
            timed(f"match of {len(pairs)} pins", "", lambda: [database.match(*pair) for pair in pairs])


def look_up(file: Path, names: list[str] | None) -> None:
    if names is None:
        with AdvisoryDatabase(file) as database:
            names = [name for (name,) in database._rows("SELECT name FROM package ORDER BY random() LIMIT 130")]  # noqa: SLF001
    for temperature in ("cold", "warm"):
        with AdvisoryDatabase(file) as database:
            timed(
                f"look-up and match of {len(names)} names, {temperature}",
                "target: 30 ms warm",
                lambda: [matching(database.advisories(name), "1.0") for name in names],
            )


def memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    parser = ArgumentParser()
    parser.add_argument("dump")
    parser.add_argument("listing", nargs="?")
    parser.add_argument("popular", nargs="?")
    parser.add_argument("--scores", type=int, default=0)
    main(**vars(parser.parse_args()))
