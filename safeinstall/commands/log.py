"""``safe-pip log``: what was installed, refused and why, from the receipts of every run on this machine."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, time, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from packaging.utils import canonicalize_name

from safeinstall.commands.parsing import CommandParser, at_least_one
from safeinstall.commands.policy.output import write_file
from safeinstall.errors import EXIT_DENIED, EXIT_EVIDENCE, UsageError
from safeinstall.policy.durations import parse_duration
from safeinstall.report.text import shown
from safeinstall.sources.keeping.receipts import read_receipts, receipts_file

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Receipt: TypeAlias = "dict[str, Any]"
DENIED = frozenset({EXIT_DENIED, EXIT_EVIDENCE})
SHOWN = 4
"""Names of a run that a line has room for."""
WORDS = 6
"""Words of its command line, likewise."""


def main(argv: Sequence[str], environ: Mapping[str, str], _policy: str | None) -> int:
    """Print the runs that are asked for, the oldest first. What cannot be read is counted on standard error."""
    arguments = _parser().parse_args(argv)
    file = receipts_file(environ)
    since = _since(arguments.since)
    unreadable: list[str] = []
    try:
        found = [r for r in _parsed(read_receipts(file), unreadable) if _wanted(r, arguments, since)]
    except OSError as error:
        raise UsageError(f"the receipts in {file} cannot be read: {error.strerror}") from error
    found = found[-arguments.last :] if arguments.last else found
    _write(found, arguments)
    if unreadable:
        sys.stderr.write(f"safe-pip: {len(unreadable)} lines of {shown(str(file))} cannot be read\n")
    return 0


def _parser() -> CommandParser:
    parser = CommandParser(prog="safe-pip log", description="What was installed, refused and why, run by run.")
    parser.add_argument("--denied", action="store_true", help="only runs that the policy refused")
    parser.add_argument("--package", metavar="NAME", help="only runs that chose, refused or passed over it")
    parser.add_argument("--since", metavar="DATE|DURATION", help="2026-11-01, or 7d back from now")
    parser.add_argument("--last", metavar="N", type=at_least_one, default=0, help="only the newest N")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json: one receipt on each line")
    parser.add_argument("--output", metavar="FILE", type=Path, help="write there instead of to standard output")
    return parser


def _since(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time.min, timezone.utc)
    except ValueError:
        pass
    try:
        return datetime.now(timezone.utc) - parse_duration(text)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--since {text}: neither a date nor a duration", hint="write 2026-11-01, 36h, 7d or 2w"
        ) from error


def _parsed(lines: Iterable[str], unreadable: list[str]) -> Iterator[Receipt]:
    """Yield what has the form of a receipt; collect the rest."""
    for line in lines:
        receipt = _receipt(line)
        if receipt is None:
            unreadable.append(line)
        else:
            yield receipt


def _receipt(line: str) -> Receipt | None:
    """Return what is in *line*; ``None`` if that has not all that a row shows."""
    try:
        receipt: Receipt = json.loads(line)
        _row(receipt)
        _names(receipt)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None
    return receipt


def _wanted(receipt: Receipt, arguments: Namespace, since: datetime | None) -> bool:
    name = arguments.package and canonicalize_name(arguments.package)
    return (
        (not arguments.denied or receipt["exit_code"] in DENIED)
        and (name is None or name in _names(receipt))
        and (since is None or _when(receipt) >= since)
    )


def _when(receipt: Receipt) -> datetime:
    when = datetime.fromisoformat(receipt["time"])
    return when if when.tzinfo else when.replace(tzinfo=timezone.utc)


def _names(receipt: Receipt) -> set[str]:
    return {file["name"] for key in ("files", "denied", "hidden") for file in receipt[key]}


def _write(receipts: Sequence[Receipt], arguments: Namespace) -> None:
    if arguments.format == "json":
        text = "".join(f"{json.dumps(receipt, sort_keys=True)}\n" for receipt in receipts)
    else:
        text = "".join(f"{shown(line)}\n" for line in _table(receipts))
    if arguments.output:
        write_file(arguments.output, text)
    else:
        sys.stdout.write(text)


def _table(receipts: Sequence[Receipt]) -> Iterator[str]:
    if not receipts:
        yield "no such run"
        return
    rows = [("when", "what came of it", "command", "files", "policy", "because")]
    rows += map(_row, receipts)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for *cells, last in rows:
        padded = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        yield "  ".join([*padded, last]).rstrip()


def _row(receipt: Receipt) -> tuple[str, str, str, str, str, str]:
    local = _when(receipt).astimezone()
    typed = [str(word) for word in receipt.get("arguments", ())]  # an older receipt has none
    asked = [str(receipt["command"] or "?"), *(str(text) for text in receipt.get("requested", ()))]
    command = " ".join(_few(typed or asked, most=WORDS))
    return (
        f"{local:%Y-%m-%d %H:%M}",
        _ended(receipt),
        command,
        str(len(receipt["files"])),
        str(receipt["policy"]["file"]) if receipt["policy"] else "",
        "; ".join(_few(list(_reasons(receipt)))),
    )


def _ended(receipt: Receipt) -> str:
    code = receipt["exit_code"]
    if code in DENIED and not receipt.get("error"):
        return "denied"
    if code:
        return f"failed ({code})"
    return "would pass" if receipt.get("dry_run") else "passed"


def _reasons(receipt: Receipt) -> Iterator[str]:
    """Yield what ended the run, or what the first refused file of each project was denied for."""
    if receipt.get("error"):
        yield str(receipt["error"]["message"]).partition("\n")[0]
    first = {file["name"]: file for file in reversed(receipt["denied"])}
    for file in first.values():
        rules = [f["rule"] for f in file["findings"] if f["level"] == "deny" and f["exception"] is None]
        yield f"{file['name']} {file['version']}: {', '.join(dict.fromkeys(rules))}"


def _few(texts: list[str], *, most: int = SHOWN) -> list[str]:
    return texts if len(texts) <= most else [*texts[: most - 1], f"and {len(texts) - most + 1} more"]
