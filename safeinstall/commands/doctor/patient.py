"""What the checks look at: a machine, its policy, and a pip of the target that has understood a command and waits."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Timer
from typing import TYPE_CHECKING

from safeinstall.errors import PolicyError, SafeInstallError
from safeinstall.request.invocation import parse_invocation
from safeinstall.sources.pip.host import HostedPip
from safeinstall.sources.policies.policy_files import layer_errors, load_policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime, timedelta
    from pathlib import Path
    from typing import IO

    from safeinstall.policy.model import Policy
    from safeinstall.request.invocation import Invocation

COMMAND = ("install", "--dry-run", "--no-deps", "--quiet", "pip")
"""What the target's pip is asked to understand. It is stopped before it looks for anything."""
PATIENCE = 30.0
"""Seconds until a target that says nothing is given up."""
_FOREIGN = ("safe-pip: refused: ", "ERROR: ")


@dataclass(slots=True)
class Patient:
    """What is known when the checks begin, and what they find out for those after them."""

    environ: Mapping[str, str]
    cwd: Path
    now: datetime
    explicit: str | None
    """``--policy``."""
    pip: HostedPip | None = None
    """Waits; it can be asked for credentials."""
    invocation: Invocation | None = None
    """What pip understood; ``None`` if it could not be asked."""
    refusal: str = ""
    """Then: why."""
    policy: Policy | None = None
    """``None`` if it cannot be read."""
    policy_errors: tuple[PolicyError, ...] = ()
    """Then: why, layer by layer."""
    skews: dict[str, timedelta] = field(default_factory=dict)
    """By address of an index: how far its clock is ahead of ours."""


@contextmanager
def admit(
    environ: Mapping[str, str], cwd: Path, now: datetime, *, explicit: str | None, python: str | None
) -> Iterator[Patient]:
    """Read the policy, and ask the pip of *python* (default: where pip would act) what it understands."""
    patient = Patient(environ, cwd, now, explicit)
    try:
        patient.policy = load_policy(explicit, environ, cwd)
    except PolicyError as error:
        patient.policy_errors = tuple(layer_errors(explicit, environ, cwd)) or (error,)
    with ExitStack() as stack:
        output = stack.enter_context(tempfile.TemporaryFile())
        try:
            _ask(patient, python, output, stack)
        except SafeInstallError as error:
            patient.refusal = error.message
        yield patient


def _ask(patient: Patient, python: str | None, output: IO[bytes], stack: ExitStack) -> None:
    argv = (*(("--python", python) if python else ()), *COMMAND)
    pip = stack.enter_context(HostedPip.start(argv, patient.environ, output=output.fileno()))
    alarm = Timer(PATIENCE, pip.process.kill)
    alarm.start()
    try:
        said = pip.describe()
    finally:
        alarm.cancel()
    if said is None:
        output.seek(0)
        patient.refusal = _last_line(output.read()) or f"it said nothing for {PATIENCE:.0f} seconds, or ended silently"
    else:
        patient.pip, patient.invocation = pip, parse_invocation(said)


def _last_line(output: bytes) -> str:
    """Return what pip, or the host in it, said last about itself."""
    lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(_FOREIGN)] or lines
    text = told[-1] if told else ""
    for prefix in _FOREIGN:
        text = text.removeprefix(prefix)
    return text.strip()
