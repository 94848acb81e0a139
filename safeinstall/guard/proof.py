"""Whether a guard holds, found out by trying: pip is asked, in many ways, for a package that a policy denies.

The package is harmless and exists in a temporary folder only. No network is used, and an attempt that gets through
installs it into that folder.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING

from safeinstall.errors import EXIT_DENIED, EXIT_EVIDENCE, EXIT_POLICY, EXIT_REFUSED, UsageError
from safeinstall.guard.edits import Standing, current
from safeinstall.guard.environment import find_environment
from safeinstall.guard.scopes import SYSTEM, USER, found_shells, startup_files
from safeinstall.sources.archives.wheel_record import write_record
from safeinstall.sources.pip.host import find_target, lent_pip
from safeinstall.sources.pip.hosted import GUARD
from safeinstall.sources.places.directories import CACHE_VARIABLE, STATE_VARIABLE
from safeinstall.sources.places.temporary import private_directory
from safeinstall.sources.policies.policy_files import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safeinstall.guard.record import Record

PACKAGE = "safe-pip-guard-probe"
_POLICY = f"""\
schema = 1
[rules.denylist]
packages = [{{ package = "{PACKAGE}", reason = "it only shows whether a guard holds" }}]
"""
_BARE = (
    "import sys; sys.path.append({lent!r}); sys.argv[0] = 'pip'; "
    "from pip._internal.cli.main import main; sys.exit(main())"
)
_GATE = {
    EXIT_DENIED: "judged, and refused by the policy",
    EXIT_EVIDENCE: "judged; refused, because a fact is missing",
    EXIT_POLICY: "stopped by safe-pip: the policy is wrong",
    EXIT_REFUSED: "stopped by safe-pip",
}
_TIMEOUT = 120


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to reach a pip."""

    name: str
    command: tuple[str, ...]
    """What stands before ``install …``; of a shell, what takes a command line as its last argument."""
    shell: str = ""
    """The command that the shell is to run."""
    environ: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended."""

    name: str
    holds: bool
    how: str


def attempts_for(record: Record, environ: Mapping[str, str]) -> list[Attempt]:
    """Return the ways to a pip that the guard of *record* stands in."""
    if record.scope == USER:
        return _user_attempts(record, environ)
    if record.scope == SYSTEM:
        return [*_bare_attempts(find_target(environ)), _isolated(find_target(environ))]
    environment = find_environment(record.scope.python, environ)
    module = (environment.python, "-m", "pip")
    attempts = [Attempt(str(path), (str(path),)) for path in environment.commands]
    if environment.has_pip:
        attempts.append(Attempt("python -m pip", module))
    if environment.pip is not None:
        attempts.append(
            Attempt("PIP_CONFIG_FILE=/dev/null python -m pip", module, environ={"PIP_CONFIG_FILE": os.devnull})
        )
    return [*attempts, *_bare_attempts(environment.python), _isolated(environment.python)]


def _bare_attempts(python: str) -> list[Attempt]:
    """Return ways to a pip that pass by all shims: only its configuration can stop it."""
    return [
        Attempt("bare pip", _bare(python)),
        Attempt("bare pip, PIP_NO_INDEX=0", _bare(python), environ={"PIP_NO_INDEX": "0"}),
    ]


def _isolated(python: str) -> Attempt:
    """Return one that leaves the user's own configuration out, which is all that guards a user there."""
    return Attempt("bare pip --isolated", _bare(python), options=("--isolated",))


def _bare(python: str) -> tuple[str, ...]:
    return (python, "-c", _BARE.format(lent=lent_pip()))


def _user_attempts(record: Record, environ: Mapping[str, str]) -> list[Attempt]:
    changed = {change.path for change in record.changes}
    guarded = [s for s in found_shells(environ) if changed & {path.resolve() for path in startup_files(s, environ)}]
    starts = {"bash": ("-ic",), "zsh": ("-ic",), "fish": ("-c",), "pwsh": ("-NoLogo", "-Command")}
    return [
        *(
            Attempt(f"{name} in {shell}", (shell, *starts[shell]), shell=name)
            for shell in guarded
            for name in ("pip", "pip3")
        ),
        *_bare_attempts(find_target(environ)),
    ]


def examine(record: Record, environ: Mapping[str, str]) -> Iterator[Outcome]:
    """Yield how each file of a guard stands, and how each attempt to get past it ended."""
    if not record.changes:
        yield Outcome("the record", holds=False, how="there is none: safe-pip guard install was not run, or elsewhere")
    for change in record.changes:
        standing = change.standing(current(change.edit))
        yield Outcome(str(change.path), holds=standing is Standing.IN_PLACE, how=standing.value)
    try:
        attempts = attempts_for(record, environ)
    except UsageError:
        how = f"it is gone; safe-pip guard remove {record.scope.option} forgets it"
        yield Outcome("the environment", holds=False, how=how)
    else:
        yield from prove(attempts, environ)


def prove(attempts: list[Attempt], environ: Mapping[str, str]) -> Iterator[Outcome]:
    """Make each attempt, and yield how it ended."""
    with _workshop() as place:
        for attempt in attempts:
            yield _tried(attempt, place, environ)


def _tried(attempt: Attempt, place: Path, environ: Mapping[str, str]) -> Outcome:
    target = Path(tempfile.mkdtemp(dir=place))
    words = ["install", *attempt.options, "--no-deps", "--no-input", "--no-index", "--find-links", str(place / "links")]
    words += ["--target", str(target), PACKAGE]
    tail = [join([attempt.shell, *words])] if attempt.shell else words
    own = {CACHE_VARIABLE: str(place / "cache"), STATE_VARIABLE: str(place / "state")}
    own |= {VARIABLE: str(place / "policy.toml"), "PIP_DISABLE_PIP_VERSION_CHECK": "1", **attempt.environ}
    try:
        done = subprocess.run(
            [*attempt.command, *tail],
            env={name: value for name, value in {**environ, **own}.items() if name != "PIP_PYTHON"},
            cwd=place,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Outcome(attempt.name, holds=False, how=f"could not be tried: {error}")
    if done.returncode == 0 or any(target.iterdir()):
        return Outcome(attempt.name, holds=False, how="NOT GUARDED: pip installed what the policy denies")
    return _judged(attempt, done.returncode, done.stderr)


def _judged(attempt: Attempt, code: int, said: str) -> Outcome:
    """Tell an answer of the gate from an attempt that failed for another reason, and so shows nothing."""
    if GUARD in said:
        return Outcome(attempt.name, holds=True, how="stopped by pip's configuration")
    if code in _GATE and "safe-pip" in said:
        return Outcome(attempt.name, holds=True, how=_GATE[code])
    reason = (said.strip().splitlines() or ["no reason given"])[-1]
    return Outcome(attempt.name, holds=False, how=f"could not be tried (exit {code}): {reason}")


@contextmanager
def _workshop() -> Iterator[Path]:
    with private_directory() as (place, _):
        (place / "links").mkdir()
        (place / "policy.toml").write_text(_POLICY, encoding="utf-8")
        stem = f"{PACKAGE.replace('-', '_')}-1"
        members = {
            f"{PACKAGE.replace('-', '_')}.py": b"",
            f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: 1\n".encode(),
            f"{stem}.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = f"{stem}.dist-info/RECORD"
        with zipfile.ZipFile(place / "links" / f"{stem}-py3-none-any.whl", "w") as wheel:
            for name, data in {**members, record: write_record(members, record)}.items():
                wheel.writestr(name, data)
        yield place
