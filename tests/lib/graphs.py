"""Reports of made-up dependency graphs."""

from __future__ import annotations

from dataclasses import replace

from lib.reports import passed, report

from safeinstall.facts.finding import Level
from safeinstall.report.model import Kept, Requirement

LEVELS = {"!": Level.WARN, "✕": Level.DENY}


def graph(required_by, *, kept=()):
    """Return the report of projects, each with those that require it in one text; ``you`` is the user.

    A name that begins with ``!`` is warned of, with ``✕`` refused.
    """
    given = report(passed())
    pattern = next(file for file in given.files if file.state == "chosen")
    names = {name.lstrip("!✕"): (LEVELS.get(name[0], Level.ALLOW), by.split()) for name, by in required_by.items()}
    files = tuple(
        replace(
            pattern,
            name=name,
            state="refused" if level is Level.DENY else "chosen",
            filename=f"{name}-1.0-py3-none-any.whl",
            required_by=requirements(name, by),
            level=level,
            findings=pattern.findings if level else (),
        )
        for name, (level, by) in names.items()
        if name not in kept
    )
    stays = tuple(Kept(name=name, version="1.0", required_by=requirements(name, names[name][1])) for name in kept)
    return replace(given, files=files, kept=stays)


def requirements(name, by):
    return tuple(Requirement(by=None if one == "you" else one, text=f"{name}>=1") for one in by)


def tree(count, *, told=lambda _: ""):
    """Each project requires the three that are numbered from three times its own number on, the user the first."""
    return graph({f"{told(n)}p{n}": f"p{(n - 1) // 3}" if n else "you" for n in range(count)})
