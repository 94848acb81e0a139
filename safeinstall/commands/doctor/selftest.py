"""The self-test: a harmless package that a policy refuses, and one that it accepts, are really installed, or not."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

from safeinstall.commands.doctor.result import Result
from safeinstall.errors import EXIT_DENIED, EXIT_EVIDENCE
from safeinstall.sources.archives.wheel_record import write_record
from safeinstall.sources.pip.builds import clean_environment
from safeinstall.sources.places.directories import CONFIG_VARIABLE, STATE_VARIABLE
from safeinstall.sources.places.temporary import private_directory
from safeinstall.sources.policies import policy_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from safeinstall.commands.doctor.patient import Patient

SELF_TEST = "self-test"
REFUSED, ACCEPTED = "safe-pip-self-test-refused", "safe-pip-self-test-accepted"
POLICY = f"""\
schema = 1
[rules.denylist]
packages = [{{ package = "{REFUSED}", reason = "the self-test has to see it refused" }}]
"""
PROGRAM = (sys.executable, *(("-P",) if sys.version_info >= (3, 11) else ()), "-m", "safeinstall")
FAILED = "safe-pip: pip failed while it installed"
"""How the line begins that follows the cause."""
PATIENCE = 120
"""Seconds for each of the two installations."""
_REMEDY = "do not rely on this installation: install safe-pip anew, look at the target's pip, and report it"


def check_self_test(patient: Patient, program: Sequence[str] = PROGRAM) -> Iterator[Result]:
    """Install both packages from a private index into a private directory, under a policy that denies one."""
    if patient.invocation is None:
        yield Result.note(SELF_TEST, "not tried: the target has to be in order first")
        return
    with private_directory() as (place, _):
        _make_index(place)
        trial = _Trial(place, patient, patient.invocation.python, program)
        yield trial.refused()
        yield trial.accepted()


class _Trial:
    """Both installations, over one private index."""

    def __init__(self, place: Path, patient: Patient, python: str, program: Sequence[str]) -> None:
        """Keep what both need."""
        self.place, self.site, self.cwd = place, place / "site", place / "work"
        self.cwd.mkdir()
        own = {CONFIG_VARIABLE: str(place / "config"), STATE_VARIABLE: str(place / "state")}
        self.environ = clean_environment(patient.environ) | own
        argv = ["--python", python, "install", "--no-deps", "--no-cache-dir", "--target", str(self.site)]
        self.command = [*program, *argv, "--policy", str(place / "policy.toml")]
        self.command += ["--index-url", (place / "simple").as_uri()]

    def refused(self) -> Result:
        """Try the one that must not be installed."""
        exit_code, last = self._install(REFUSED)
        if exit_code == EXIT_DENIED and not self._holds(REFUSED):
            return Result.ok(
                SELF_TEST, f"a package that a policy denies was refused (exit {exit_code}), nothing installed"
            )
        what = "was installed" if self._holds(REFUSED) else "was not refused"
        return Result.problem(SELF_TEST, f"a package that a policy denies {what} (exit {exit_code}): {last}", _REMEDY)

    def accepted(self) -> Result:
        """Try the one that must be installed, if no stricter policy speaks against it."""
        exit_code, last = self._install(ACCEPTED)
        if exit_code == 0 and self._holds(ACCEPTED):
            return Result.ok(SELF_TEST, "a package that the policy accepts was installed")
        if exit_code in {EXIT_DENIED, EXIT_EVIDENCE} and policy_files.SYSTEM_FILE.exists():
            return Result.note(
                SELF_TEST, f"{policy_files.SYSTEM_FILE} lets no made-up package pass, so none was installed"
            )
        return Result.problem(
            SELF_TEST, f"a package that the policy accepts was not installed (exit {exit_code}): {last}", _REMEDY
        )

    def _holds(self, project: str) -> bool:
        return (self.site / f"{_module(project)}.py").exists()

    def _install(self, project: str) -> tuple[int | str, str]:
        """Return the exit code, and the last line on standard error."""
        try:
            done = subprocess.run(
                [*self.command, project],
                cwd=self.cwd,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "none", f"no end after {PATIENCE} seconds"
        told = done.stderr.decode(errors="replace").strip().splitlines()
        lines = [line for line in told if not line.startswith(FAILED)] or ["it said nothing"]
        return done.returncode, lines[-1].removeprefix("safe-pip: ").removeprefix("ERROR: ")


def _make_index(place: Path) -> None:
    """Write the policy, and an index (PEP 503) of two wheels, each with one empty module."""
    (place / "policy.toml").write_text(POLICY, encoding="utf-8")
    for project in (REFUSED, ACCEPTED):
        wheel = place / f"{_module(project)}-1.0-py3-none-any.whl"
        _write_wheel(wheel, project)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        page = place / "simple" / project / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text(
            f'<!DOCTYPE html>\n<a href="../../{wheel.name}#sha256={digest}">{wheel.name}</a>\n', encoding="utf-8"
        )


def _write_wheel(path: Path, project: str) -> None:
    info = f"{_module(project)}-1.0.dist-info"
    members = {
        f"{_module(project)}.py": b"",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: safe-pip\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{info}/RECORD"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in (members | {record: write_record(members, record)}).items():
            wheel.writestr(name, data)


def _module(project: str) -> str:
    return project.replace("-", "_")
