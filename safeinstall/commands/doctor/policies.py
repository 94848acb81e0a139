"""The policy: whether it can be read, which layers made it, what does not count, and who may change its files."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.commands.doctor.result import Result
from safeinstall.policy.shown.lint import lint
from safeinstall.sources.places.directories import config_directory
from safeinstall.sources.policies import policy_files
from safeinstall.sources.policies.trust import was_trusted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.commands.doctor.patient import Patient
    from safeinstall.policy.model import Policy
    from safeinstall.sources.policies.policy_files import ProjectPolicy

POLICY = "policy"
_DIGEST = len("sha256:") + 12
_CORRECT = "correct it; `safe-pip policy check` shows the line, and nothing is installed until then"


def check_policy(patient: Patient) -> Iterator[Result]:
    """Tell every error of every layer, or what holds and what in it needs a look."""
    remedies = {problem: error.hint or _CORRECT for error in patient.policy_errors for problem in error.problems}
    for problem, remedy in remedies.items():
        yield Result.problem(POLICY, problem, remedy)
    yield from _writable_files(patient)
    policy = patient.policy
    if policy is None:
        return
    project = _project(patient)
    trusted = f"; {project.layer.file} is trusted" if project and project.trusted else ""
    yield Result.ok(POLICY, f"{policy.file} ({len(policy.rules)} rules, {policy.digest[:_DIGEST]}{trusted})")
    yield from _not_counted(patient, policy, project)
    for remark in lint(policy, patient.now.date()):
        yield Result.note(POLICY, f"{policy.origin(remark.key)}: {remark.message}")


def _project(patient: Patient) -> ProjectPolicy | None:
    """Return the policy of the project that the working directory is in, unless it was named as the user's."""
    named = patient.explicit or patient.environ.get(policy_files.VARIABLE)
    return policy_files.find_project(patient.environ, patient.cwd, other_than=named)


def _not_counted(patient: Patient, policy: Policy, project: ProjectPolicy | None) -> Iterator[Result]:
    """Yield what a weaker layer asks for and does not get."""
    if project and not project.trusted and was_trusted(project.path, patient.environ):
        yield Result.problem(
            POLICY,
            f"{project.layer.file} has changed since it was trusted, so that it can only tighten",
            "look at the change, then run: safe-pip policy trust",
        )
        return
    for text in policy.notes:
        if not text.startswith("if you trust "):
            remedy = "look at the file: drop the line, have it granted above, or run safe-pip policy trust"
            yield Result.problem(POLICY, text, remedy)


def _writable_files(patient: Patient) -> Iterator[Result]:
    """Yield each policy file of system and user that somebody else can change."""
    for path in (policy_files.SYSTEM_FILE, config_directory(patient.environ) / "policy.toml"):
        with suppress(OSError):
            status = Path(path).stat()
            if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                yield Result.problem(POLICY, f"{path} can be changed by other users", f"run: chmod go-w {path}")
            elif status.st_uid not in {0, os.geteuid()}:
                yield Result.problem(
                    POLICY, f"{path} belongs to another user (uid {status.st_uid})", f"run: chown {os.geteuid()} {path}"
                )
