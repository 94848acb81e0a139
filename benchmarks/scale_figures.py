"""Draw what ``against_pip.py --json FILE`` has measured: packages against the ratio of wall time to pip's.

    python benchmarks/scale_figures.py FILE ... [--to docs/images]

Writes ``scale-resolve.svg`` and ``scale-install.svg``, which are light or dark as the reader's screen is.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DOCS = Path(__file__).parents[1] / "docs" / "images"
WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 60, 540, 50, 320
"""The edges of the field; to its right is the legend."""
STEP = 0.25
"""Between two lines of the ratio."""
TOOLS = ("uv", "uv bytecode", "safe-pip")
"""In the order of their colours; pip is the line at 1."""
STYLE = """\
.paper { fill: #ffffff } .grid { stroke: #d8dee4 } .pip { stroke: #57606a; stroke-width: 2 }
text { fill: #24292f; font: 13px system-ui, sans-serif } .title { font-size: 16px; font-weight: 600 }
.small { font-size: 11px } polyline { fill: none; stroke-width: 2.5 } .warm { stroke-dasharray: 6 4 }
.t0 { stroke: #bf8700; fill: #bf8700 } .t1 { stroke: #0969da; fill: #0969da } .t2 { stroke: #1a7f37; fill: #1a7f37 }
@media (prefers-color-scheme: dark) {
.paper { fill: #0d1117 } .grid { stroke: #30363d } .pip { stroke: #9198a1 } text { fill: #e6edf3 }
.t0 { stroke: #e3b341; fill: #e3b341 } .t1 { stroke: #58a6ff; fill: #58a6ff } .t2 { stroke: #56d364; fill: #56d364 }
}"""

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """One tool, with or without its caches."""

    tool: str
    cold: bool
    points: tuple[Point, ...]
    """Packages, and the ratio to pip, by packages."""

    @property
    def look(self) -> str:
        return f"t{TOOLS.index(self.tool)} {'cold' if self.cold else 'warm'}"

    @property
    def title(self) -> str:
        return f"{self.tool}, {'cold' if self.cold else 'warm'}"


@dataclass(frozen=True)
class Scale:
    """Where a point lies on the drawing."""

    packages: tuple[int, ...]
    most: float
    """The highest ratio that is drawn."""

    def x(self, packages: float) -> float:
        """Logarithmic, from one package on."""
        return LEFT + math.log(packages) / math.log(max(self.packages[-1], 2)) * (RIGHT - LEFT)

    def y(self, ratio: float) -> float:
        return BOTTOM - ratio / self.most * (BOTTOM - TOP)


def wall(row: Mapping[str, Any]) -> float:
    """Return the median of a row's wall seconds."""
    return statistics.median(run[0] for run in row["runs"])


def lines(rows: Sequence[Mapping[str, Any]]) -> list[Line]:
    """Return what is drawn of *rows*, all of one work."""
    pips = {(row["set"], row["cold"]): wall(row) for row in rows if row["tool"] == "pip"}
    found = []
    for tool in TOOLS:
        for cold in (True, False):
            own = [row for row in rows if (row["tool"], row["cold"]) == (tool, cold)]
            points = sorted((row["packages"], wall(row) / pips[row["set"], cold]) for row in own)
            found += [Line(tool, cold, tuple(points))] if points else []
    return found


def draw(work: str, rows: Sequence[Mapping[str, Any]], how: str) -> str:
    """Return the drawing."""
    drawn = lines(rows)
    points = [point for line in drawn for point in line.points]
    most = math.ceil(max(1.0, *(ratio for _, ratio in points)) / STEP) * STEP
    scale = Scale(tuple(sorted({int(packages) for packages, _ in points})), most)
    title = {"resolve": "Dry run", "install": "Installation"}[work]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{title}: wall time in ratio to pip's, by packages</title><style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
        text(LEFT, 28, f"{title}: wall time in ratio to pip's", "title"),
        *axes(scale),
        *(part for line in drawn for part in curve(line, scale)),
        *legend(drawn),
        text(LEFT, HEIGHT - 10, how, "small"),
        "</svg>\n",
    ]
    return "\n".join(parts)


def axes(scale: Scale) -> Iterator[str]:
    """Draw the field: a line for each ratio, with pip's, and a number for each set's packages."""
    for number in range(round(scale.most / STEP) + 1):
        ratio = number * STEP
        y = scale.y(ratio)
        look = "pip" if ratio == 1 else "grid"
        yield f'<line class="{look}" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield text(LEFT - 8, y + 4, f"{ratio:g}", anchor="end")
    for packages in scale.packages:
        yield text(scale.x(packages), BOTTOM + 18, str(packages), anchor="middle")
    yield text((LEFT + RIGHT) / 2, BOTTOM + 36, "packages", anchor="middle")
    yield text(RIGHT + 8, scale.y(1) + 4, "pip")


def curve(line: Line, scale: Scale) -> Iterator[str]:
    """Draw one line and its points."""
    places = [(scale.x(packages), scale.y(ratio)) for packages, ratio in line.points]
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline class="{line.look}" style="fill:none" points="{joined}"/>'
    for (x, y), (packages, ratio) in zip(places, line.points, strict=True):
        told = f"<title>{escape(line.title)}, {packages} packages: {ratio:.2f}</title>"
        yield f'<circle class="{line.look}" cx="{x:.1f}" cy="{y:.1f}" r="3">{told}</circle>'


def legend(drawn: Sequence[Line]) -> Iterator[str]:
    """Name each line, the highest of those with most packages first."""
    for place, line in enumerate(sorted(drawn, key=lambda line: -line.points[-1][1])):
        y = BOTTOM - 22 * (len(drawn) - place) + 8
        yield f'<polyline class="{line.look}" points="{RIGHT + 16},{y} {RIGHT + 46},{y}"/>'
        yield text(RIGHT + 54, y + 4, line.title)


def text(x: float, y: float, words: str, look: str = "", anchor: str = "start") -> str:
    """Write *words*."""
    return f'<text class="{look}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def main() -> None:
    """Draw a figure for each work that was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--to", type=Path, default=DOCS, metavar="FOLDER")
    arguments = parser.parse_args()
    told = [json.loads(path.read_text()) for path in arguments.files]
    how = "pip {pip}, Python {python}, {processors} processors, {latency:g} ms of latency, {date}".format(**told[0])
    rows = [row for each in told for row in each["rows"]]
    for work in sorted({row["work"] for row in rows}):
        own = [row for row in rows if row["work"] == work]
        (arguments.to / f"scale-{work}.svg").write_text(draw(work, own, how), encoding="utf-8")


if __name__ == "__main__":
    main()
