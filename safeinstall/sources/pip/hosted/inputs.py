"""What a pip has read until it says what it understood: our parent can tell whether it would read the same again."""

from __future__ import annotations

import logging
import os
import stat
import sys

LISTS = ("os.listdir", "os.scandir")
"""Audit events whose first argument is a directory that is read, as is that of ``open`` for a file
(https://docs.python.org/3/library/audit_events.html)."""
ELSEWHERE = ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.posix_spawn", "os.exec")
"""Audit events after which what pip understands may rest on more than files."""
OWNED = 4
"""How much of a state tells which directory it is, and whose."""


class Inputs:
    """Files and directories as they were just before they were read, and whether they are all that counts."""

    def __init__(self) -> None:
        """Listen from now on."""
        self.states: dict[str, list[int] | None] = {}
        self.complete = True
        self.temporary = os.environ.get("TMPDIR") or None
        sys.addaudithook(self.hear)
        handle = logging.Logger.handle

        def count(logger: logging.Logger, record: logging.LogRecord) -> None:
            if record.levelno >= logging.INFO:
                self.complete = False  # it was shown to the user, and would not be a second time
            handle(logger, record)

        logging.Logger.handle = count  # type: ignore[method-assign,assignment]

    def hear(self, event: str, args: tuple[object, ...]) -> None:
        """Note what is read."""
        if event == "open" or event in LISTS:
            if isinstance(args[0], (str, bytes)):
                self.note(os.fsdecode(args[0]), listed=event in LISTS)
        elif event in ELSEWHERE:
            self.complete = False

    def note(self, path: str, listed: bool = True) -> None:
        """Keep the state of *path*, which may not exist; of a directory that is not *listed*, only whose it is."""
        path = os.path.abspath(path)
        if path == os.devnull or (self.temporary and path.startswith(self.temporary)):
            return
        state = state_of(path)
        if state and not listed and stat.S_ISDIR(state[0]):
            self.states.setdefault(path, state[:OWNED])
        elif len(self.states.get(path) or ()) <= OWNED:
            self.states[path] = state

    def note_unheard(self) -> None:
        """Note what pip and Python look for without an audit event."""
        from pip._internal.configuration import get_configuration_files

        for files in get_configuration_files().values():
            for path in files:
                self.note(path)
        self.note(os.environ.get("PIP_CONFIG_FILE") or os.devnull)
        for name in ("~/.netrc", "~/_netrc", os.environ.get("NETRC") or os.devnull):
            self.note(os.path.expanduser(name))
        for name in ("sitecustomize", "usercustomize"):
            self.note(getattr(sys.modules.get(name), "__file__", None) or os.devnull)
        self.note(os.path.join(sys.prefix, "pyvenv.cfg"))
        self.note(sys.executable)
        for folder in sys.path + places_of_packages():
            self.note(folder)
            for name in names_in(folder):
                if name.endswith((".pth", ".egg-link")):
                    self.note(os.path.join(folder, name))

    def described(self) -> dict[str, list[int] | None] | None:
        """Return the states by path, or ``None`` if they are not all that counts."""
        self.note_unheard()
        return self.states if self.complete else None


def places_of_packages() -> list[str]:
    """Return where Python looks for packages when it starts: what is not there then is not on its path."""
    import site

    found = getattr(site, "getsitepackages", list)()  # the site.py of an old virtualenv has none
    return found + ([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])


def names_in(folder: str) -> list[str]:
    """Return the names in *folder*; none where it cannot be read, or is none: Python passes it by, too."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def state_of(path: str) -> list[int] | None:
    """Return what changes when *path* does; ``None`` for what is not there."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    owned = [found.st_mode, found.st_uid, found.st_dev, found.st_ino]
    return owned + [found.st_size, found.st_mtime_ns, found.st_ctime_ns]
