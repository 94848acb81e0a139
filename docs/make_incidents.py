# ruff: noqa: INP001
"""Write ``docs/incidents.md``, and what is expected of each case of ``tests/incidents/cases``: replay them all.

Run it after a rule or a preset has changed, or a case was added; then read what has changed.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from lib.incidents import (  # noqa: E402
    AGES,
    CASES,
    COLUMNS,
    PRESETS,
    REPORTED,
    UNREPORTED,
    Incident,
    Replay,
    is_in,
    read_incidents,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Tables = Mapping[str, Mapping[str, Sequence[str]]]

PAGE = ROOT / "docs" / "incidents.md"
EXPECTED = "\n[expected]\n"
HEAD = """\
# Incidents

{count} attacks on users of pip, {first} to {last}, replayed from their public facts: names, times, files, and where the
payload was. What was in the files is not here: an inert stand-in of the same shape is. The facts are in
`tests/incidents/cases/`, each with what of it is exact. This page is written by `python docs/make_incidents.py`, and
`tests/incidents/test_incidents.py` holds it against the program.

## How to read it

A user types the name, or upgrades what they have (`pip install -U`), so long after the first malicious file was
uploaded. Everything from the requirements to pip is the program's own; rules, presets and the list of popular names are
those of this version, not of the time. Two things are worse than they were:

- **No file is ever taken down.** Most were gone within hours or days. A mirror may keep what the index has removed, and
  who asks at three days of age asks for what nobody has noticed until then.
- **Before the last column no advisory exists.** `reported` is the moment at which the advisory was there, if one is
  known (of the public data of 2026-07, in which records of malware after 2025-06 are mostly missing), and its age.

`denied: RULES` names the rules that denied the malicious files; behind it is what the user has in the end: nothing, the
version that they had (`stays`), an older one that passes (`taken`), or another way without the project. `warned: RULES`
and **not stopped** are installed. For `locked` it is a project that no lock names; a lock that somebody has made of the
malicious release would hold it like any other. Attacks on other languages' indexes are not here.

Who attested a file (PEP 740) is told where the sources tell it, or is assumed, and said to be. Without ages and
advisories, `strict` stops at age zero, by `provenance` alone, what was uploaded past the project's own workflow:
[2024-ultralytics-token](#2024-ultralytics-token), [2025-num2words](#2025-num2words), [2026-lightning](#2026-lightning),
[2026-litellm](#2026-litellm), [2026-mistralai](#2026-mistralai) and [2026-telnyx](#2026-telnyx). It does not stop
[2024-ultralytics-cache](#2024-ultralytics-cache), which the workflow itself had built and attested.
"""
TAIL = """\
## What none of this stops

- **Code in a module of a wheel.** The presets judge names, times, origins, records and what a wheel installs besides
  itself. Nobody here reads what a module does. Such a release is held back by `minimum-age`, and from then on only by a
  record. So it is with every row above that ends in **not stopped**: the payload runs on import or by the project's own
  command, the name resembles no popular one, and nobody has reported it in time. Somebody else has to look while we
  wait. Of the stolen accounts, tokens and builds above all were found before `baseline` would have let a wheel of them
  in, most within hours; aiocpa, whose own author did it, took five days, and many of the new projects weeks or years.
- **New projects with plausible names.** A name that a language model has made up, a name that was used before and is
  free again, and a good copy of a project under another name are new projects like any other. `typosquats` tells
  those that resemble a popular name; crytic-compilers and solana-py are too far from names that are too little known.
  `new-project` in `[rules.minimum-age]`, an `allowlist`, or a lock are the answer.
- **A squatter that waits.** After 90 days an unsure resemblance is told only of a project with hardly any releases.
- **A bad release whose repair waits.** A longer wait passes over the repair too: `strict` would have taken ultralytics
  8.3.41 at an age of seven days, where `baseline` took 8.3.43. What is taken down, yanked or reported cannot be
  taken so.
- **A record of another name.** A record counts for the project that it names, not for the one that requires it, nor for
  the same code under another name.
- **An attacker who waits for `baseline`'s three days**, or `strict`'s seven, with a release that nobody looks at.
"""


def page(incidents: Sequence[Incident], tables: Tables) -> str:
    """Return the text of the page."""
    years = sorted(incident.id[:4] for incident in incidents)
    head = HEAD.format(count=len(incidents), first=years[0], last=years[-1])
    sections = "\n".join(section(incident, tables[incident.id]) for incident in incidents)
    return "\n".join([head, counted(incidents, tables), overview(incidents, tables), "## One by one\n", sections, TAIL])


def counted(incidents: Sequence[Incident], tables: Tables) -> str:
    """Return the table of how many would have been denied, warned of, and let in in silence."""
    lines = ["## How many get in\n", "Denied / warned of / not stopped, of those that have the column:\n"]
    lines += _header("preset", *COLUMNS)
    for preset in PRESETS:
        columns = zip(*(tables[incident.id][preset] for incident in incidents), strict=True)
        lines.append(_row(preset, *map(_counts, columns)))
    return "\n".join([*lines, ""])


def _counts(cells: Sequence[str]) -> str:
    known = [cell for cell in cells if cell != UNREPORTED]
    warned = sum(cell.startswith("warned") for cell in known)
    inside = sum(map(is_in, known))
    return f"{len(known) - inside} / {warned} / {inside - warned}"


def overview(incidents: Sequence[Incident], tables: Tables) -> str:
    """Return a row for each incident: from which age on which preset would have let it in."""
    lines = [
        "## Overview\n",
        "From which of the ages on a malicious file would have been installed, had nobody noticed:\n",
    ]
    lines += _header("incident", "kind", *(f"`{preset}`" for preset in PRESETS), "advisory after")
    for incident in incidents:
        table = tables[incident.id]
        kind = f"[{incident.title}](#{_slug(incident.id)})"
        lines.append(_row(kind, incident.kind, *(_lets_in(table[p]) for p in PRESETS), _reported_after(incident)))
    return "\n".join([*lines, ""])


def _lets_in(cells: Sequence[str]) -> str:
    first = next(((age, cell) for age, cell in zip(AGES, cells, strict=False) if is_in(cell)), None)
    if first is None:
        return "never"
    return f"{first[0]} ({first[1].partition(':')[0]})" if first[1].startswith("warned") else first[0]


def section(incident: Incident, table: Mapping[str, Sequence[str]]) -> str:
    """Return what is known of one incident, and its table."""
    does = f"has {incident.installed.replace(' ', ' ', 1)} and upgrades it" if incident.installed else "types the name"
    lines = [
        f"### {incident.id}\n",
        f"**{incident.title}**, {incident.kind}, from {incident.began:%Y-%m-%d %H:%M} UTC. {incident.what}\n",
        f"Payload: {incident.payload}. The user {does}. {incident.exactness}\n",
    ]
    lines += _header("preset", *AGES, f"{REPORTED} ({_reported_after(incident)})")
    lines += [_row(preset, *(_shown(cell) for cell in table[preset])) for preset in PRESETS]
    return "\n".join([*lines, ""])


def _shown(cell: str) -> str:
    return f"**{cell}**" if is_in(cell) else cell


def _reported_after(incident: Incident) -> str:
    return UNREPORTED if incident.reported is None else _span(incident.reported - incident.began)


def _span(time: timedelta) -> str:
    hours = time / timedelta(hours=1)
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} d"  # noqa: PLR2004 - two days


def _slug(text: str) -> str:
    return "".join(c for c in text.lower().replace(" ", "-") if c.isalnum() or c in "-_")


def _header(*cells: str) -> list[str]:
    return [_row(*cells), "|" + "---|" * len(cells)]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def write_expected(incident: Incident, table: Mapping[str, Sequence[str]]) -> None:
    """Put what is expected at the end of the incident's file."""
    file = CASES / f"{incident.id}.toml"
    facts = file.read_text(encoding="utf-8").partition(EXPECTED)[0].rstrip("\n")
    lines = [
        f"{preset} = [\n{''.join(f'  {json.dumps(cell)},{chr(10)}' for cell in table[preset])}]" for preset in PRESETS
    ]
    file.write_text(f"{facts}\n{EXPECTED}" + "\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Replay every incident, and write down what came of it."""
    incidents = read_incidents()
    with tempfile.TemporaryDirectory() as place:
        replay = Replay(Path(place))
        tables = {incident.id: replay.table(incident) for incident in incidents}
        replay.close()
    for incident in incidents:
        write_expected(incident, tables[incident.id])
    PAGE.write_text(page(incidents, tables), encoding="utf-8")


if __name__ == "__main__":
    main()
