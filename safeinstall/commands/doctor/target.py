"""The target interpreter and its pip: whether pip there can be guarded, and what the environment holds (pip-api)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from safeinstall.commands.doctor.result import Result
from safeinstall.errors import SourceError
from safeinstall.sources.pip.environment import list_environment
from safeinstall.sources.pip.hosted import OLDEST_PIP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.commands.doctor.patient import Patient

TARGET, ENVIRONMENT = "target", "environment"
_OLDEST = ".".join(map(str, OLDEST_PIP))
_NEW_PIP = (
    f"install a pip there, from {_OLDEST} on (python -m ensurepip --upgrade), or install safe-pip anew with its own pip"
)
_NO_TARGET = "activate an environment whose python starts, or name one with --python"
_CONFIGURATION = "pip says so before it does anything: look at `pip config list` and at the PIP_ variables"
_REMEDIES = (
    ("cannot start ", _NO_TARGET),
    ("Could not locate Python interpreter ", _NO_TARGET),
    (" and there is none to lend", _NEW_PIP),
    ("the pip of ", _NEW_PIP),
    ("a temporary directory cannot be made", "make room where temporary files go, or name another place with TMPDIR"),
)
"""By what the refusal says."""
_REINSTALL = "repair it or move it away, and install anew what should stay"
_SHOWN = 3


def check_target(patient: Patient) -> Iterator[Result]:
    """Tell whether the target's pip starts, is known, and waits for our word."""
    invocation = patient.invocation
    if invocation is None:
        remedy = next((remedy for words, remedy in _REMEDIES if words in patient.refusal), _CONFIGURATION)
        yield Result.problem(TARGET, patient.refusal, remedy)
        return
    python = f"{invocation.python} (Python {invocation.markers.get('python_full_version', 'unknown')})"
    yield Result.ok(TARGET, f"{python}: pip {invocation.pip_version} waits for the policy before it looks for files")


def check_environment(patient: Patient) -> Iterator[Result]:
    """Tell what is installed, and whether its own pip, or ours, does the work."""
    if patient.invocation is None:
        return
    try:
        held = list_environment(patient.invocation.python, patient.environ, patient.invocation.installed)
    except SourceError as error:
        yield Result.problem(ENVIRONMENT, error.message, "look at what `python -m pip list` says there")
        return
    packages = held.packages
    yield Result.ok(ENVIRONMENT, f"{len(packages)} distributions in {patient.invocation.prefix}")
    own = next((package.version for package in packages if package.name == "pip"), None)
    used = patient.invocation.pip_version
    if own is None:
        yield Result.note(ENVIRONMENT, f"it has no pip; safe-pip lends its own, pip {used}")
    elif _is_too_old(own):
        yield Result.note(
            ENVIRONMENT,
            f"its pip {own} is older than {_OLDEST}; safe-pip lends its own, pip {used}",
            "upgrade it: safe-pip install --upgrade pip",
        )
    stops = {row["problem"] for row in patient.invocation.installed if row.get("stops")}
    for problem in sorted(stops):
        yield Result.problem(ENVIRONMENT, f"pip cannot list what is installed: {problem}", _REINSTALL)
    others = [problem for problem in held.problems if problem not in stops]
    for problem in others[:_SHOWN]:
        yield Result.note(ENVIRONMENT, f"cannot be read: {problem}", _REINSTALL)
    if (more := len(others) - _SHOWN) > 0:
        yield Result.note(ENVIRONMENT, f"{more} more cannot be read: safe-pip audit names them")


def _is_too_old(version: str) -> bool:
    try:
        return Version(version).release[:2] < OLDEST_PIP
    except InvalidVersion:
        return False
