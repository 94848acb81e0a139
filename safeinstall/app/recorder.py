"""Keeps the receipt of a run, and writes the reports that the user asked for, however it ends."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, TextIO
from uuid import uuid4

from safeinstall.errors import EXIT_INTERNAL, EXIT_PIP_ERROR, AftermathError, DiskError, SafeInstallError, UsageError
from safeinstall.report.forms import FORMS, render_form
from safeinstall.report.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from safeinstall.app.keeper import Keeper
    from safeinstall.report.model import Report

STANDARD_ERROR, STANDARD_OUTPUT = "", "-"
TERMINAL = "terminal"
SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
"""The file of a job summary, to which each step of a job appends."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One ``--policy-report FORMAT[=FILE]``."""

    form: str
    place: str
    """A path, or :data:`STANDARD_OUTPUT`, or, where no FILE is given, :data:`STANDARD_ERROR`."""


def parse_wanted(values: Sequence[str]) -> tuple[Wanted, ...]:
    """Read the values of ``--policy-report``.

    Raises ``UsageError`` for an unknown form, a place that two reports would share, and one that cannot be written:
    better before the run than after.
    """
    found = tuple(Wanted(*value.split("=", 1)) if "=" in value else Wanted(value, STANDARD_ERROR) for value in values)
    places = [wanted.place for wanted in found if wanted.place != STANDARD_ERROR]
    for wanted in found:
        if wanted.form not in FORMS:
            raise UsageError(f"there is no report in the form {wanted.form!r}", hint=f"forms: {', '.join(FORMS)}")
        if places.count(wanted.place) > 1:
            raise UsageError(f"two reports cannot both be written to {wanted.place}", hint="name a file for each")
        if wanted.place not in {STANDARD_ERROR, STANDARD_OUTPUT} and (problem := _objection(Path(wanted.place))):
            raise UsageError(f"the report cannot be written to {wanted.place}: {problem}", hint="name another file")
    return found


def _objection(path: Path) -> str:
    if path.is_dir():
        return "it is a directory"
    if path.exists():
        return "" if os.access(path, os.W_OK) else "permission denied"
    if not path.parent.is_dir():
        return "its directory does not exist"
    return "" if os.access(path.parent, os.W_OK) else "permission denied"


@dataclass(slots=True)
class Recorder:
    """A context in which a run is carried out. When it is left, for whatever reason, it is put on record."""

    wanted: tuple[Wanted, ...]
    environ: Mapping[str, str]
    say: Callable[[str], None]
    arguments: tuple[str, ...] = ()
    """pip's."""
    run: Run = field(init=False)
    _began: float = field(default_factory=monotonic)

    def __post_init__(self) -> None:
        """Begin the record."""
        on_screen = any(w.form == TERMINAL and _stream(w.place) is not None for w in self.wanted)
        self.run = Run(datetime.now(timezone.utc), uuid4().hex, self.arguments, shown=on_screen)

    def __enter__(self) -> Run:
        """Return the record, which the run fills in."""
        return self.run

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """Write the reports, keep the receipt. Raises an error if one of these fails after a good run."""
        self.run.error = error
        failure = self._write() if self.wanted else None
        self.run.error = failure or error
        if self.run.came_to_something:
            failure = self._keeper.keep(self.run, _exit_code(self.run)) or failure
        if failure is not None:
            raise failure

    def announce(self) -> None:
        """Make sure, before anything is judged, that the receipt will be taken where the policy requires it.

        Raises ``LogError``.
        """
        self._keeper.announce(self.run)

    @property
    def _keeper(self) -> Keeper:
        from safeinstall.app.keeper import Keeper  # loaded when the work is done

        return Keeper(self.environ, self.say)

    def _write(self) -> SafeInstallError | None:
        """Write the reports; return what a run without error then fails of."""
        from safeinstall.report.build import build_report  # most runs write none

        exit_code = _exit_code(self.run)
        report = build_report(self.run, exit_code=exit_code, seconds=monotonic() - self._began)
        problems = [problem for wanted in self.wanted if (problem := self._deliver(wanted, report))]
        if problems and exit_code == 0:
            failure = AftermathError("\n".join(problems))
            failure.exit_code = EXIT_PIP_ERROR
            return failure
        for problem in problems:
            self.say(problem)
        return None

    def _deliver(self, wanted: Wanted, report: Report) -> str:
        """Write one report; return why that was not possible."""
        verbose = self.run.invocation is not None and self.run.invocation.verbosity > 0
        problem = _put(wanted.place, render_for(wanted, report, self.environ, verbose=verbose))
        summary = self.environ.get(SUMMARY_VARIABLE)
        if wanted.form == "github" and summary:
            problem = problem or _put(summary, render_form("markdown", report), mode="a")
        return problem


def render_for(wanted: Wanted, report: Report, environ: Mapping[str, str], *, verbose: bool = False) -> str:
    """Return *report* in the form that is wanted; ``terminal`` as it suits the place where it is shown.

    There *verbose* shows every finding; other forms have one shape.
    """
    if wanted.form != TERMINAL:
        return render_form(wanted.form, report)
    from safeinstall.report.forms.screen import Screen  # likewise
    from safeinstall.report.forms.terminal import render  # rich is loaded only for this form

    stream = _stream(wanted.place)
    terminal = stream is not None and stream.isatty()
    columns = os.get_terminal_size(stream.fileno()).columns if stream is not None and terminal else 0
    encoding = stream.encoding if stream is not None else "utf-8"
    screen = Screen.of(environ, terminal=terminal, columns=columns, encoding=encoding, verbose=verbose)
    return render(report, screen)


def _exit_code(run: Run) -> int:
    if isinstance(run.error, SafeInstallError):
        return run.error.exit_code
    if isinstance(run.error, KeyboardInterrupt):
        from safeinstall.sources.pip.host import exit_code_of  # loaded by then

        return exit_code_of(run.error)
    if DiskError.of(run.error):
        return EXIT_PIP_ERROR
    return EXIT_INTERNAL if run.error or run.exit_code is None else run.exit_code


def _stream(place: str) -> TextIO | None:
    return {STANDARD_ERROR: sys.stderr, STANDARD_OUTPUT: sys.stdout}.get(place)


def _put(place: str, text: str, *, mode: str = "w") -> str:
    try:
        if stream := _stream(place):
            sys.stdout.flush()  # what was said before comes before
            encoding = stream.encoding or "utf-8"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
            stream.flush()
        else:
            with Path(place).open(mode, encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
    except OSError as error:
        return f"the report cannot be written to {place or 'standard error'}: {error.strerror}"
    return ""
