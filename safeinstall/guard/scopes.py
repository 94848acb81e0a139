"""What is guarded: one environment, one user, or the whole system; and the edits that this takes."""

from __future__ import annotations

import hashlib
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from safeinstall.errors import UsageError
from safeinstall.guard.edits import Edit
from safeinstall.guard.environment import Environment, find_environment
from safeinstall.guard.shims import FIRST_ON_PATH, module, script
from safeinstall.sources.places.directories import no_home, state_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

EXECUTABLE = 0o755
NAMES = ("pip", "pip3")
SYSTEM_CONFIGURATION = Path("/etc/pip.conf")
"""What pip reads of the system last (configuration.py, ``get_configuration_files``)."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One thing to guard."""

    kind: str
    """``environment``, ``user`` or ``system``."""
    name: str
    """As messages call it."""
    key: str
    """What its record is called."""
    python: str | None = None
    """The interpreter of an environment."""

    @property
    def option(self) -> str:
        """The option that names it."""
        return f"--python {self.python}" if self.python else f"--{self.kind}"


USER = Scope("user", "this user", "user")
SYSTEM = Scope("system", "this system", "system")


def environment_scope(python: str, prefix: Path) -> Scope:
    """Return the scope of the environment at *prefix*, which *python* is an interpreter of.

    It is the same by whatever path it is reached, and another one for another version of Python in the same place.
    """
    name = str(prefix.resolve())
    digest = hashlib.sha256(f"{name}\n{Path(python).resolve().name}".encode()).hexdigest()
    return Scope("environment", name, f"environment-{digest[:16]}", python)


def edits_for(scope: Scope, environ: Mapping[str, str], shells: Iterable[str] | None = None) -> list[Edit]:
    """Return the edits that guard *scope*; for a user, in the files of *shells* (those on PATH, if ``None``)."""
    if scope == SYSTEM:
        return [Edit(SYSTEM_CONFIGURATION, "wall")]
    if scope == USER:
        return _of_user(environ, found_shells(environ) if shells is None else shells)
    return _of_environment(find_environment(scope.python, environ))


def _of_environment(environment: Environment) -> list[Edit]:
    shim = script(sys.executable, environment.python)
    edits = [Edit(path, "file", shim, EXECUTABLE) for path in environment.commands]
    if environment.pip is not None:
        edits.append(Edit(environment.pip / "__main__.py", "file", module(sys.executable)))
    return [*edits, Edit(_real(environment.prefix / "pip.conf"), "wall")]


def _of_user(environ: Mapping[str, str], shells: Iterable[str]) -> list[Edit]:
    folder, shim = shim_folder(environ), script(sys.executable, None)
    return [
        *(Edit(folder / name, "file", shim, EXECUTABLE) for name in NAMES),
        *(
            Edit(_real(path), "block", FIRST_ON_PATH[shell](str(folder)))
            for path, shell in {path: shell for shell in shells for path in startup_files(shell, environ)}.items()
        ),
        Edit(_real(user_configuration()), "wall"),
    ]


def _real(path: Path) -> Path:
    """Follow links: a file of settings may be kept elsewhere, and stays there."""
    return path.resolve()


def shim_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder that is first on PATH for a guarded user."""
    return (state_directory(environ) / "shims").absolute()


def user_configuration() -> Path:
    """Return the file of pip's settings of this user, as pip names it (utils/appdirs.py)."""
    with _at_home():
        folder = Path(platformdirs.user_config_dir("pip", appauthor=False))
        if sys.platform == "darwin" and not folder.is_dir():
            folder = Path("~/.config/pip").expanduser()
        return folder / "pip.conf"


@contextmanager
def _at_home() -> Iterator[None]:
    """Raise ``RefusedError`` where what is done needs a home directory, and there is none."""
    try:
        yield
    except RuntimeError:
        raise no_home("guard an environment alone") from None


def found_shells(environ: Mapping[str, str]) -> list[str]:
    """Return the shells we know that are on PATH."""
    return [shell for shell in FIRST_ON_PATH if shutil.which(shell, path=environ.get("PATH"))]


def parse_shells(text: str) -> list[str]:
    """Read the value of ``--shells``. Raises ``UsageError``."""
    shells = [shell.strip() for shell in text.split(",") if shell.strip()]
    if unknown := [shell for shell in shells if shell not in FIRST_ON_PATH]:
        raise UsageError(f"{unknown[0]} is no shell that is known here", hint=f"choose of {', '.join(FIRST_ON_PATH)}")
    return shells


def startup_files(shell: str, environ: Mapping[str, str]) -> list[Path]:
    """Return the files that *shell* reads when it starts: for bash, that of a login shell too."""
    with _at_home():
        home = Path(environ.get("HOME") or Path.home())
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    if shell == "bash":
        login = [home / name for name in (".bash_profile", ".bash_login", ".profile")]
        return [home / ".bashrc", next((path for path in login if path.exists()), login[-1])]
    if shell == "zsh":
        return [Path(environ.get("ZDOTDIR") or home, ".zshrc")]
    if shell == "fish":
        return [config / "fish" / "conf.d" / "safe-pip-guard.fish"]
    return [config / "powershell" / "profile.ps1"]
