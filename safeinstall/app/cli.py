"""The composition root: arguments in, objects, one run, text out, exit code."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall import __version__
from safeinstall.errors import (
    EXIT_INTERNAL,
    AftermathError,
    DiskError,
    SafeInstallError,
    UnsatisfiableError,
    UsageError,
)
from safeinstall.request.arguments import (
    DRY_RUN,
    HELP,
    OWN_COMMANDS,
    OWN_HELP,
    OWN_OPTIONS,
    SELECTIONS,
    VERSION,
    own_command,
    parse_arguments,
    words_of_own,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safeinstall.app.indexes import Indexes
    from safeinstall.app.recorder import Recorder
    from safeinstall.errors import Said
    from safeinstall.policy.model import Policy
    from safeinstall.report.run import Run
    from safeinstall.request.arguments import Arguments
    from safeinstall.request.invocation import Invocation
    from safeinstall.resolve.outcome import Outcome
    from safeinstall.sources.pip.descriptions import RecalledPip
    from safeinstall.sources.pip.expectations import ExpectedPip
    from safeinstall.sources.pip.host import HostedPip
    from safeinstall.sources.places.stopwatch import Stopwatch

PREFIX = "safe-pip: "
DEPRECATION = "DEPRECATION: "
PIP_STARTS = {"info": "", "warning": "WARNING: ", "critical": "ERROR: "}
"""How pip begins what it logs, by level (pip: utils/logging.py)."""
PIP_USAGE = 2
"""What pip exits with for an option that it does not know."""
PIP_HAS_TOLD = (1, 120)
"""What pip exits with when it could say what it had to, and when nobody took it."""
DEBUG_VARIABLE = "SAFE_PIP_DEBUG"
"""Set to anything: an internal error shows where it happened."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``safe-pip`` and return its exit code. What goes wrong is told in a message, never in a traceback."""
    argv = sys.argv[1:] if argv is None else argv
    own = own_command(argv)
    done = "stopped" if own else "nothing was installed"
    try:
        return run(argv, os.environ)
    except SafeInstallError as error:
        if isinstance(error, UnsatisfiableError) and not own:
            say_as_pip(error, done)
        else:
            say_error(error, done)
        return error.exit_code
    except KeyboardInterrupt as stop:
        from safeinstall.sources.pip.host import exit_code_of

        say(done if own else f"stopped; {done}")
        return exit_code_of(stop)
    except Exception as error:  # noqa: BLE001 - the one place where a fault of ours ends: closed, and told as such
        if full := DiskError.of(error):
            say_error(full, done)
            return full.exit_code
        if os.environ.get(DEBUG_VARIABLE):
            import traceback

            traceback.print_exc()
        say(f"internal error: {type(error).__name__}: {error}")
        say(f"this is a fault of safe-pip; {DEBUG_VARIABLE}=1 shows where")
        say(f"{done} (exit {EXIT_INTERNAL})")
        return EXIT_INTERNAL


def say(text: str) -> None:
    """Print to standard error: standard output is pip's."""
    sys.stdout.flush()
    sys.stderr.write(f"{PREFIX}{text}".rstrip() + "\n")
    sys.stderr.flush()


def say_error(error: SafeInstallError, done: str) -> None:
    """Print what happened, what to do, and what came of it, which is *done* unless pip has installed by then."""
    from safeinstall.report.text import shown_lines

    for line in shown_lines(error.message):
        say(line)
    for note in error.notes if isinstance(error, UnsatisfiableError) else ():
        say(note)
    if error.hint:
        say(f"way out: {error.hint}")
    if isinstance(error, AftermathError):
        done = "what pip installed stays as it is"
    say(f"{done} (exit {error.exit_code})")


def say_as_pip(error: UnsatisfiableError, done: str) -> None:
    """Print why nothing fits in pip's form, unless pip has said it; then what there is to add."""
    for level, text in () if error.told else as_shown(error.said):
        stream = sys.stdout if level == "info" else sys.stderr
        stream.write(f"{'' if text.startswith(DEPRECATION) else PIP_STARTS[level]}{text}\n")
        stream.flush()
    for note in error.notes:
        say(note)
    if error.hint:
        say(f"way out: {error.hint}")
        say(f"{done} (exit {error.exit_code})")


def as_shown(said: Sequence[Said]) -> list[Said]:
    """Return *said* without what could steer a terminal, and without passwords."""
    from safeinstall.report.secrets import without_secrets
    from safeinstall.report.text import shown

    return [(level, "\n".join(shown(line) for line in without_secrets(text).split("\n"))) for level, text in said]


def run(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Carry out one command line."""
    from safeinstall.app.recorder import Recorder, parse_wanted
    from safeinstall.sources.pip.host import may_be_judged, pass_through
    from safeinstall.sources.places.directories import cache_directory, state_directory

    arguments = parse_arguments(argv)
    wanted = parse_wanted(arguments.reports)
    if words_of_own(arguments.pip):
        _only_judged(arguments)
        if arguments.python is not None:
            environ = {**environ, "PIP_PYTHON": arguments.python}
        command = import_module(f"safeinstall.commands.{arguments.pip[0]}")
        return int(command.main(arguments.pip[1:], environ, arguments.policy))
    if arguments.pip in VERSION:
        say(f"version {__version__}")
    if arguments.pip in HELP:
        sys.stdout.write(OWN_HELP)
        sys.stdout.flush()
    if not may_be_judged(arguments.pip):
        _only_judged(arguments)
        _suggest_own(arguments.pip[:1])
        _suggest_option(arguments.pip)
        return pass_through(arguments.pip, environ)
    for place in (cache_directory, state_directory):
        place(environ)  # if that is nowhere, nobody need be started to find out
    recorder = Recorder(wanted, environ, say, arguments.pip)
    with recorder:
        while (exit_code := host(arguments, environ, recorder)) is None:
            pass  # something was undone: pip looks again at what is installed
        recorder.run.exit_code = exit_code
        return exit_code


def host(arguments: Arguments, environ: Mapping[str, str], recorder: Recorder) -> int | None:
    """Let pip say what it understands, and judge that; ``None`` if what a killed run had left was undone instead."""
    from safeinstall.sources.pip.host import HostedPip

    recalled = recalled_pip(arguments.pip, environ)
    with recalled or HostedPip.start(arguments.pip, environ) as pip:
        from safeinstall.app.preload import preload
        from safeinstall.sources.pip.descriptions import keep
        from safeinstall.sources.pip.expectations import OtherwiseError
        from safeinstall.sources.places.stopwatch import Stopwatch

        watch = Stopwatch(recorder.run.phases)
        with watch("start"):  # pip starts while we load the policy and what a resolution needs
            recorder.run.policy = policy = read_policy(arguments, environ)
            foreseen = None
            if isinstance(pip, HostedPip):
                from safeinstall.app.foresight import foresee

                foreseen = foresee(pip, arguments.pip, environ, policy)
            preload(environ, http=recalled is None and foreseen is None)
        if foreseen is None:
            return follow(arguments, environ, recorder, pip, policy, watch)
        with suppress(OtherwiseError), foreseen.on(recorder.run) as indexes:
            status = follow(arguments, environ, recorder, foreseen.pip, policy, watch, indexes)
            keep(arguments.pip, environ, foreseen.pip.said)
            return status
        with watch("start"):
            settled = foreseen.pip.settled()
        return follow(arguments, environ, recorder, settled, policy, watch)


def follow(  # noqa: PLR0917 - called by :func:`host` alone
    arguments: Arguments,
    environ: Mapping[str, str],
    recorder: Recorder,
    pip: HostedPip | RecalledPip | ExpectedPip,
    policy: Policy,
    watch: Stopwatch,
    indexes: Indexes | None = None,
) -> int | None:
    """Judge what *pip* has understood; with *indexes*, which are asked already, what it will probably understand.

    See :func:`host`. Raises ``OtherwiseError`` for what was guessed wrong.
    """
    from safeinstall.app.left import look_for_half, undo_first
    from safeinstall.request.invocation import parse_invocation
    from safeinstall.sources.pip.installed import check_listed

    with watch("start"):
        said = pip.describe()
    if said is None:
        if (status := pip.wait()) == PIP_USAGE:
            _suggest_option(arguments.pip)
        return status
    recorder.run.invocation = invocation = parse_invocation(said)
    if indexes is None:  # else there is nothing to be done first
        if "inputs" in said:
            from safeinstall.app.foresight import keep_said

            keep_said(arguments.pip, environ, said, invocation)
        if undo_first(invocation, environ, say):
            return None
        check_listed(invocation.installed)
        recorder.announce()
        look_for_half(invocation, environ, say)
    try:
        return judge(recorder.run, invocation, policy, pip, environ, watch, indexes)
    except UnsatisfiableError as error:
        if (status := pip.fail(as_shown(error.said))) in PIP_HAS_TOLD:
            error.told, error.exit_code = True, status
        raise


def recalled_pip(argv: Sequence[str], environ: Mapping[str, str]) -> RecalledPip | None:
    """Return what stands for a pip that need not be started. Nothing is loaded for this where there can be none."""
    if DRY_RUN not in argv:
        return None
    from safeinstall.sources.pip.descriptions import recall

    return recall(argv, environ)


def _only_judged(arguments: Arguments) -> None:
    given = {"--policy-report": arguments.reports, "--policy-select": arguments.select}
    commands = "install, download, wheel, lock"
    for option, value in given.items():
        if value:
            is_audit = option == "--policy-report" and arguments.pip[:1] == ("audit",)
            hint = "safe-pip audit --format FORMAT --output FILE" if is_audit else commands
            raise UsageError(f"{option} is for the commands that are judged", hint=hint)


def _suggest_own(words: Sequence[str]) -> None:
    """Point out a command of ours that is nearly named: pip, which complains next, knows only its own."""
    from difflib import get_close_matches

    unknown = [word for word in words if word not in OWN_COMMANDS]
    for near in (near for word in unknown for near in get_close_matches(word, OWN_COMMANDS, n=1, cutoff=0.8)):
        say(f"did you mean: safe-pip {near}?")


def _suggest_option(words: Sequence[str]) -> None:
    """Point out an option of ours that is nearly named: pip, which knows only its own, says that there is none."""
    from difflib import get_close_matches

    options = [word.partition("=")[0] for word in takewhile(lambda word: word != "--", words) if word.startswith("--")]
    for near in (near for option in options for near in get_close_matches(option, OWN_OPTIONS, n=1, cutoff=0.8)):
        say(f"did you mean {near}?")


def read_policy(arguments: Arguments, environ: Mapping[str, str]) -> Policy:
    """Load the policy of this run."""
    from safeinstall.app.proof import require_proof
    from safeinstall.sources.policies.policy_files import load_policy

    policy = load_policy(arguments.policy, environ, Path.cwd())
    require_proof(policy)
    if arguments.select is None or arguments.select == policy.select:
        return policy
    if arguments.select == SELECTIONS[0]:
        raise UsageError(
            f'--policy-select {arguments.select} would loosen the policy, which says select = "{policy.select}" '
            f"({policy.origin('select')})",
            hint="leave the option out, or change the policy",
        )
    from dataclasses import replace

    return replace(policy, select="strict")


def judge(  # noqa: PLR0917 - called in one place
    record: Run,
    invocation: Invocation,
    policy: Policy,
    pip: HostedPip | RecalledPip | ExpectedPip,
    environ: Mapping[str, str],
    watch: Stopwatch,
    indexes: Indexes | None = None,
) -> int:
    """Run the judged command, and tell how it ended. Raises ``OtherwiseError``, and has told nothing then."""
    from datetime import datetime, timezone

    from safeinstall import pipeline
    from safeinstall.app.preload import preload_end
    from safeinstall.app.screen import Screen
    from safeinstall.app.world import LiveWorld
    from safeinstall.sources.pip.expectations import confirm, confirming

    if policy.notes:
        confirm(pip)
        say_notes(policy)
    record.started = as_of = indexes.routes.as_of if indexes else datetime.now(timezone.utc)
    with (
        confirming(pip),
        LiveWorld.open(invocation, policy, pip, as_of=as_of, environ=environ, watch=watch, indexes=indexes) as world,
        watch("resolve"),
    ):
        world.say, world.onlooker, world.meanwhile = (
            say,
            Screen.of(invocation, environ, lambda: confirm(pip)),
            preload_end,
        )
        try:
            record.outcome = outcome = pipeline.run(invocation, policy, world, as_of)
        finally:
            record.advisories = world.advisories_used(policy)
            record.aftermath = world.aftermath
    from safeinstall.report.aftermath import render_failed
    from safeinstall.report.exceptions import render_exceptions
    from safeinstall.report.text import shown

    for notice in (*world.builder.notices, *renewed(outcome, invocation, environ)):
        say(notice)
    exit_code = tell(outcome, invocation, policy, world.builder.commits, shown=record.shown)
    for line in render_failed(world.aftermath, exit_code) if world.aftermath else ():
        say(shown(line))
    for line in render_exceptions(outcome, policy, as_of) if invocation.informs and not record.shown else ():
        say(line)
    return exit_code


def say_notes(policy: Policy) -> None:
    """Say what has to be known of the policy itself."""
    from safeinstall.report.text import shown

    for note in policy.notes:
        say(f"policy: {shown(note)}")


def renewed(outcome: Outcome, invocation: Invocation, environ: Mapping[str, str]) -> list[str]:
    """Put the guard of the environment in place again after pip has installed; return what to say of it."""
    if outcome.status is None:
        return []
    from safeinstall.guard.installation import renew

    return [notice] if (notice := renew(invocation.python, invocation.prefix, environ)) else []


def tell(outcome: Outcome, invocation: Invocation, policy: Policy, commits: Mapping[str, str], *, shown: bool) -> int:
    """Print how the run ended, in short where a report has it *shown*; return the exit code."""
    from safeinstall.app.pip_report import write_report
    from safeinstall.report.pip_report import dry_run_report
    from safeinstall.report.refusal import render_denied, render_refusal
    from safeinstall.report.text import render_summary, render_would_install

    verbose = invocation.verbosity > 0
    if (refused := outcome.refused) is not None:
        whole = "" if shown else render_refusal(refused, policy, outcome.newest_passing, verbose=verbose)
        text = whole or render_denied(policy)
        sys.stderr.write(text + "\n")
        return refused.exit_code
    if invocation.warns and not shown and (text := render_summary(outcome, policy, invocation)):
        sys.stderr.write(text + "\n")
    if outcome.status is not None:
        return outcome.status
    write_report(invocation, dry_run_report(invocation, outcome.resolved, commits))
    if invocation.informs:
        sys.stdout.write(render_would_install(outcome.resolved) + "\n")
    return 0
