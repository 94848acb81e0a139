"""The steps of our CI recipes, as GitHub and GitLab would run them."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from lib.shell import TIMEOUT, Done

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lib.shell import Shell

REPOSITORY = Path(__file__).parent.parent.parent
_INPUT = re.compile(r"\$\{\{ inputs\.([\w-]+) \}\}")


def recipe(path: str) -> Any:
    """Return what a YAML file of the repository says."""
    return yaml.safe_load((REPOSITORY / path).read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Runner:
    """A machine of a CI system, on which safe-pip has been set up in *installed*."""

    shell: Shell
    folder: Path

    def have(self, installed: str) -> None:
        """Put safe-pip where the set-up step would put it."""
        program = self.folder / installed / "bin" / "safe-pip"
        program.parent.mkdir(parents=True)
        words = " ".join(f"'{word}'" for word in self.shell.program)
        program.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        program.chmod(0o755)

    def bash(self, script: str, environ: Mapping[str, str]) -> Done:
        """Run *script* as both systems do: it ends with the first command that fails."""
        file = self.folder / "script.sh"
        file.write_text(script)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", file],
            cwd=self.shell.work,
            env={**self.shell.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return Done(done.returncode, self.shell.neutral(done.stdout), self.shell.neutral(done.stderr))

    def action(self, step: str, **inputs: str) -> Done:
        """Run the step of ``action.yml`` that is named *step*, with these inputs, ``dry_run`` for ``dry-run``."""
        action = recipe("action.yml")
        given = {name: declared["default"] for name, declared in action["inputs"].items()}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        (found,) = [one for one in action["runs"]["steps"] if one["name"] == step]
        environ = {name: _INPUT.sub(lambda m: given[m[1]], text) for name, text in found.get("env", {}).items()}
        own = {
            "RUNNER_TEMP": str(self.folder),
            "GITHUB_ACTION_PATH": str(REPOSITORY),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
        }
        return self.bash(found["run"], {**own, **environ})
