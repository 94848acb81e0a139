"""The report that the user asked pip for: written where pip would write it, also when pip has ended by then."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from safeinstall.errors import EXIT_PIP_ERROR, AftermathError, UnsatisfiableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safeinstall.request.invocation import Invocation


@contextmanager
def aftermath_of_pip() -> Iterator[None]:
    """Let no fault pass for one before which nothing was installed."""
    try:
        yield
    except (OSError, ValueError, UnsatisfiableError) as error:
        failure = AftermathError(f"pip has installed, but its report cannot be passed on: {error}")
        failure.exit_code = EXIT_PIP_ERROR
        raise failure from error


def write_report(invocation: Invocation, report: Mapping[str, Any]) -> None:
    """Write *report* where the user asked pip to write it, if so: to a file, or to standard output for ``-``."""
    place = invocation.option("json_report_file")
    text = json.dumps(report, indent=2, ensure_ascii=False)
    if place == "-":
        sys.stdout.write(text + "\n")
    elif place is not None:
        with writable(place, "w") as file:
            file.write(text)


def writable(place: str, mode: str) -> TextIO:
    """Open *place* for text. Raises ``UnsatisfiableError`` where it cannot be written."""
    try:
        return cast("TextIO", Path(place).open(mode, encoding="utf-8"))
    except OSError as error:
        raise UnsatisfiableError(f"the report cannot be written to {place}: {error.strerror}") from error
