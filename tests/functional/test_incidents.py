"""Three of the incidents with the real command, pip and index: what ``tests/incidents`` says of them is what is met."""

from __future__ import annotations

from datetime import datetime, timezone

from lib.gate import parametrize
from lib.incidents import AGES, CASES, COLUMNS, REPORTED, dump_of, is_in, read_incident


@parametrize(
    ("which", "told", "left"),
    [
        (("2024-ultralytics-cache", "baseline", "6 h"), "already satisfied", {"ultralytics": "8.3.40"}),
        (("2026-dynamo-release", "baseline", "7 d"), "dynamo_release-setup.pth", {"dynamo_release": "1.5.3"}),
        (("2024-cryptograohy", "strict", REPORTED), "MAL-2024-11568", {}),
    ],
    gate=(1, 2),
    ids=["stays", "contents", "reported"],
)
def test_an_incident_is_met_as_it_was_replayed(shell, which, told, left):
    name, preset, column = which
    incident = read_incident(CASES / f"{name}.toml")
    offer(shell, incident, column)
    shell.policy(f'extends = "{preset}"\n[advisories]\nsources = ["advisories.zip"]\n')
    had = incident.installed.replace(" ", "==")
    assert not had or shell.pip("install", "--index-url", shell.index.url, had).exit == 0
    done = shell.install("-U", *incident.asks)
    assert shell.installed() == left
    assert told in done.err + done.out
    cell = incident.expected[preset][COLUMNS.index(column)]
    assert (done.exit, not is_in(cell)) == (10 if cell.endswith("; nothing") else 0, True)


def offer(shell, incident, column):
    """Put what was listed at that age on the index, as if it were now."""
    is_reported = column == REPORTED
    as_of = incident.reported if is_reported else incident.began + AGES[column]
    shift = datetime.now(timezone.utc) - as_of
    for file in incident.files:
        if file.uploaded <= as_of:
            shell.index.add(file.filename, file.data, upload_time=file.uploaded + shift)
    shell.write("advisories.zip", dump_of(incident.records if is_reported else ()))
