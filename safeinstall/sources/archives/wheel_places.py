"""Where pip puts each member of a wheel, and what it cannot put there (pip: install/wheel.py).

pip finds these things out while it writes: half of the wheel is in the environment then.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from safeinstall.sources.archives.members import refusal, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

GENERATED = ("INSTALLER", "REQUESTED", "direct_url.json", "RECORD")
"""What pip itself writes into ``*.dist-info``."""
_WITHIN = {"platlib": "site-packages", "purelib": "site-packages", "headers": "include", "scripts": "bin", "data": ""}
"""An environment as it mostly is: what lands on one place there does so elsewhere."""
_WRAPPER_ENDS = (".exe", "-script.py", ".pya")
"""Of scripts that pip leaves out where it makes the command itself (pip: ``is_entrypoint_wrapper``)."""


@dataclass(slots=True)
class Tree:
    """Files and the directories above them, each with who wants it."""

    files: dict[str, str] = field(default_factory=dict)
    directories: dict[str, str] = field(default_factory=dict)

    def add(self, path: str, owner: str) -> tuple[str, str] | None:
        """Put a file at *path*; return what cannot be both a file and a directory then, and who else wants it."""
        if path in self.directories:
            return path, self.directories[path]
        self.files.setdefault(path, owner)
        above = posixpath.dirname(path)
        while above not in self.directories:
            if above in self.files:
                return above, self.files[above]
            self.directories[above] = owner
            above = posixpath.dirname(above)
        return None


def check_places(filename: str, files: Sequence[str], commands: Iterable[str], dist_info: str) -> None:
    """Raise IntegrityError for members of a wheel of which two would be in one place, or one in that of a directory.

    *files* are such that each has a place (:func:`~safeinstall.facts.wheels.layout.wheel_layout`); *commands* are those
    that pip makes of its entry points.
    """
    tree = Tree()
    for place, member in wheel_places(files, commands, _WITHIN, "site-packages"):
        taken = (place, tree.files[place]) if place in tree.files else tree.add(place, member)
        if taken is not None:
            raise refusal(filename, f"would put {shown(taken[1])} and {shown(member)} in one place")
    for name in GENERATED:
        if taken := tree.add(f"site-packages/{dist_info}/{name}", name):
            raise refusal(filename, f"holds {shown(taken[1])}, where pip writes a file of its own")


def wheel_places(
    files: Iterable[str], commands: Iterable[str], schemes: Mapping[str, str], library: str
) -> Iterator[tuple[str, str]]:
    """Yield the path at which pip puts each of *files*, and the member; then each of the *commands* likewise.

    *schemes* are the directories that a member below ``*.data`` can name (pip: models/scheme.py); *library* is the one
    for what is not below ``*.data``.
    """
    made = {*commands}
    for member in files:
        scheme = scheme_of(member)
        if not scheme:
            yield posixpath.join(library, member), member
        elif scheme != "scripts" or _command_of(member) not in made:
            yield posixpath.join(schemes[scheme], member.split("/", 2)[2]), member
    for command in commands:
        yield posixpath.join(schemes["scripts"], command), command


def scheme_of(member: str) -> str:
    """Return which of its directories a member below ``*.data`` goes to; empty for what goes to the library."""
    top, _, rest = member.partition("/")
    return rest.partition("/")[0] if top.endswith(".data") else ""


def _command_of(script: str) -> str:
    name = posixpath.basename(script)
    end = next((end for end in _WRAPPER_ENDS if name.lower().endswith(end)), "")
    return name[: len(name) - len(end)]
