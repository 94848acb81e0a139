"""A figure shows every set that was measured, in ratio to pip."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "scale_figures.py"
TITLE = "{http://www.w3.org/2000/svg}title"
SECONDS = {"pip": 4.0, "uv": 1.0, "safe-pip": 2.0}


def row(work, packages, tool, *, cold=True):
    runs = [[SECONDS[tool] * packages + late, 1.0, 50.0] for late in (0.0, 0.0, 9.0)]  # the median counts
    return {"work": work, "set": f"set of {packages}", "cold": cold, "tool": tool, "packages": packages, "runs": runs}


@pytest.fixture
def draw(tmp_path, monkeypatch):
    def draw(rows):
        told = {"pip": "26.3", "python": "3.11", "processors": 2, "latency": 20.0, "date": "2026-12-01", "rows": rows}
        (tmp_path / "raw.json").write_text(json.dumps(told))
        monkeypatch.setattr(sys, "argv", ["scale_figures.py", str(tmp_path / "raw.json"), "--to", str(tmp_path)])
        runpy.run_path(str(SCRIPT), run_name="__main__")
        return {path.stem: ET.parse(path) for path in tmp_path.glob("*.svg")}

    return draw


def test_each_point_is_the_ratio_of_medians(draw):
    drawn = draw([row("install", packages, tool) for packages in (1, 22, 130) for tool in SECONDS])
    assert list(drawn) == ["scale-install"]
    titles = [title.text for title in drawn["scale-install"].iter(TITLE)]
    ours = [title for title in titles if title.startswith("safe-pip")]
    assert ours == [f"safe-pip, cold, {packages} packages: 0.50" for packages in (1, 22, 130)]
    assert "uv, cold, 130 packages: 0.25" in titles


def test_one_figure_for_each_work(draw):
    drawn = draw(
        [row(work, 5, tool, cold=cold) for work in ("resolve", "install") for tool in SECONDS for cold in (True, False)]
    )
    assert sorted(drawn) == ["scale-install", "scale-resolve"]
    said = "".join(drawn["scale-resolve"].getroot().itertext())
    assert "safe-pip, warm" in said
    assert "pip 26.3, Python 3.11, 2 processors, 20 ms of latency, 2026-12-01" in said
