"""Whole wheels and source distributions, changed member by member and field by field: a number is always the same one."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import distribution
from random import Random
from typing import TYPE_CHECKING, Any

from lib import archive_changes, sdist_changes, wheel_changes
from lib.drafts import Sdist, Wheel, wheel_of
from lib.repack import repacked
from lib.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Step = tuple[Callable[..., str], object, str]

NAME, VERSION = "alpha", "1.0"
REAL = ("iniconfig", "pluggy", "six")
"""Small packages that stand where the tests run."""
WRONG = "0" * 64
UNLISTED = ("address", "local", "find-links")
"""Ways by which no index says anything of the file."""
WAYS = ("name", "name", "pinned", "pinned", "file", "required", "address", "local", "find-links", "constraint")
POLICIES = {
    "open": "",
    "contents": "[rules.contents]\n",
    "baseline": 'extends = "baseline"\n[rules.sdists]\nallow = ["{name}=={version}"]\n',
    "no builds": "[rules.sdists]\n",
}
OPTIONS = (
    (),
    (),
    (),
    (),
    (),
    ("--no-deps",),
    ("--no-compile",),
    ("--dry-run",),
    ("--target", "lib"),
    ("--force-reinstall",),
)


@dataclass(frozen=True)
class Mutant:
    """One file, how an index lists it, and one command that asks for it."""

    name: str
    version: str
    changes: tuple[str, ...]
    filename: str
    data: bytes
    listed: Mapping[str, Any]
    """What :meth:`LocalIndex.add` takes."""
    html: bool
    policy: str
    argv: tuple[str, ...]
    """``{index}`` is the address of the index, ``{work}`` the working directory."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Of the working directory."""
    holds: bool = True
    """Whether it has every hash and size that the user or the index told."""
    may_build: bool = False
    """Whether the policy lets it be built."""
    fallback: bool = False
    """Whether the index has an honest older version."""
    resident: bool = False
    """Whether an older version is installed."""


def mutant(seed: int, number: int, only: Sequence[int] | None = None) -> Mutant:
    """Return mutant *number* of *seed*; with those changes *only*, to find the one that matters."""
    chance = Random(f"{seed}/{number}")
    draft: Wheel | Sdist = _sdist(chance) if chance.random() < 0.35 else _wheel(chance)
    changes = []
    for place, (change, what, label) in enumerate(_steps(draft, chance)):
        own = Random(f"{seed}/{number}/{place}")
        if only is None or place in only:
            changes.append(label + change(what, own))
    return _asked(draft, tuple(changes), Random(f"{seed}/{number}/asked"))


def _wheel(chance: Random) -> Wheel:
    if chance.random() < 0.25:
        own = distribution(chance.choice(REAL))
        return wheel_of(own.metadata["Name"], own.version, _repacked(own.metadata["Name"]))
    return wheel_of(NAME, VERSION, _made(chance.choice(["", "companion"]), chance.random() < 0.5))


@cache
def _repacked(name: str) -> tuple[str, bytes]:
    return repacked(distribution(name))


@cache
def _made(requires: str, commands: bool) -> tuple[str, bytes]:
    entry_points = "[console_scripts]\nalpha = alpha:main\n" if commands else None
    files = {
        "alpha/__init__.py": "def main():\n    return 0\n",
        "alpha/data.txt": "text\n",
        "beta.py": "import alpha\n",
    }
    return make_wheel(NAME, VERSION, [requires] if requires else [], files=files, entry_points=entry_points)


def _sdist(chance: Random) -> Sdist:
    built = _wheel(chance)
    own = built.members[f"{built.info}/METADATA"]
    told = chance.choice([b"2.1", b"2.1", b"2.2"])  # the first only a build can tell
    metadata = re.sub(rb"^Metadata-Version: .*", b"Metadata-Version: " + told, own)
    modules = {n: d for n, d in built.members.items() if not n.startswith(built.info)}
    draft = Sdist(
        built.name,
        built.version,
        f"{built.name}-{built.version}{chance.choice(['.tar.gz', '.tar.gz', '.tar.gz', '.zip'])}",
        {"PKG-INFO": metadata, **modules},
        built,
        f"{built.name}-{built.version}",
    )
    sdist_changes.honest(draft)
    if chance.random() < 0.4:
        draft.members["_backend.py"] = sdist_changes.backend(built.info, own)
    return draft


def _steps(draft: Wheel | Sdist, chance: Random) -> list[Step]:
    """Return the changes to make, those of contents first."""
    count = chance.choice([0, 1, 1, 1, 1, 1, 1, 2, 2, 3])
    if isinstance(draft, Wheel):
        return _wheel_steps(draft, chance, count, "")
    kinds = [chance.choice(["source", "source", "archive", "built", "built", "name"]) for _ in range(count)]
    packs = archive_changes.ZIP if draft.filename.endswith(".zip") else archive_changes.TAR
    tables = {"source": sdist_changes.SOURCE, "archive": packs, "name": sdist_changes.NAMES}
    steps: list[Step] = _wheel_steps(draft.built, chance, kinds.count("built"), "built wheel: ")
    for kind in ("source", "archive", "name"):
        steps += [(chance.choice(tables[kind]), draft, "") for _ in range(kinds.count(kind))]
    return steps


def _wheel_steps(wheel: Wheel, chance: Random, count: int, label: str) -> list[Step]:
    kinds = [chance.choice(["content"] * 6 + ["record"] * 2 + ["archive"] * 3 + ["name"]) for _ in range(count)]
    stale: list[Step] = (
        [(wheel_changes.no_record, wheel, label)] if "content" in kinds and chance.random() < 0.15 else []
    )
    tables = {
        "content": wheel_changes.CONTENT,
        "record": wheel_changes.RECORD,
        "archive": archive_changes.ZIP,
        "name": wheel_changes.NAMES,
    }
    steps: list[Step] = [
        (chance.choice(tables[kind]), wheel, label) for kind in tables for _ in range(kinds.count(kind))
    ]
    return stale + steps


def _asked(draft: Wheel | Sdist, changes: tuple[str, ...], chance: Random) -> Mutant:
    """Put the file on an index, and ask for it in some way; one time in four something else is told of it."""
    data, sdist = draft.encoded(), isinstance(draft, Sdist)
    told = _told(draft, data, chance)
    way, policy = (
        chance.choice(WAYS),
        chance.choice(["open"] * 6 + ["baseline"] * 2 + ["no builds" if sdist else "contents"]),
    )
    options = chance.choice(OPTIONS)
    argv, files = _argv(way, draft, told.user)
    said = f"[{told}; asked by {way}, policy {policy}, {' '.join(options) or 'no options'}]"
    return Mutant(
        name=draft.name,
        version=draft.version,
        changes=(*changes, said),
        filename=draft.filename,
        data=data,
        listed={"hashes": told.hashes, "listed": {"size": told.size}, "metadata": told.metadata},
        html=chance.random() < 0.2,
        policy=POLICIES[policy].format(name=draft.name, version=draft.version),
        argv=("install", *argv, *options),
        files=files,
        holds=told.user in {None, told.digest}
        and (way in UNLISTED or told.lie not in {"hash", "md5", "size", "small size"}),
        may_build=sdist and policy != "no builds",
        fallback=chance.random() < 0.3,
        resident=chance.random() < 0.4,
    )


@dataclass
class _Told:
    """What an index and the user say of a file."""

    digest: str
    hashes: dict[str, str]
    size: int | None
    user: str | None
    """The hash that the user gives."""
    metadata: bytes | bool
    lie: str

    def __str__(self) -> str:
        have = {"hash": bool(self.hashes), "size": self.size is not None, "metadata": self.metadata is not False}
        parts = ", ".join(name for name, is_told in have.items() if is_told)
        return f"the index tells {parts or 'nothing'}; the user {'a hash' if self.user else 'none'}; wrong: {self.lie or 'none'}"


LIES = ("hash", "md5", "size", "small size", "user", "user", "metadata", "metadata")


def _told(draft: Wheel | Sdist, data: bytes, chance: Random) -> _Told:
    digest = hashlib.sha256(data).hexdigest()
    hashes = chance.choice([{"sha256": digest}, {"sha256": digest}, {"sha256": digest.upper()}, {}])
    size, user = chance.choice([len(data), len(data), None]), chance.choice([None, None, digest])
    metadata = _own_metadata(draft, chance)
    lie = chance.choice(LIES) if chance.random() < 0.25 else ""
    if lie in {"hash", "md5"}:
        hashes = {"sha256": WRONG} if lie == "hash" else {"md5": WRONG[:32]}
    elif lie in {"size", "small size"}:
        size = len(data) + 1 if lie == "size" else 1
    elif lie == "user":
        user = WRONG
    elif lie == "metadata":
        metadata, _ = wheel_changes.field_of(metadata or b"Metadata-Version: 2.1\n", wheel_changes.FIELDS, chance)
    return _Told(digest, hashes, size, user, metadata, lie)


def _own_metadata(draft: Wheel | Sdist, chance: Random) -> bytes | bool:
    """Return separate metadata (PEP 658), if the index offers any."""
    if isinstance(draft, Sdist):
        return draft.members.get("PKG-INFO", b"") if chance.random() < 0.1 else False
    return draft.members.get(f"{draft.info}/METADATA", False) if chance.random() < 0.5 else False


def _argv(way: str, draft: Wheel | Sdist, user: str | None) -> tuple[list[str], dict[str, str]]:
    """Return the words of the command that name the file, and what files it needs; *user* is a hash that is given."""
    fragment, pinned = f"#sha256={user}" if user else "", f"{draft.name}=={draft.version}"
    found = ["--find-links", "files"] if way == "find-links" else []
    if way in UNLISTED and way != "find-links":
        place = "{index}/files/{file}" if way == "address" else "file://{work}/files/{file}"
        return [f"{draft.name} @ {place}{fragment}"], {}
    if way == "constraint":
        return ["-c", "c.txt", draft.name], {"c.txt": f"{pinned}{_hash(user)}\n"}
    if way == "file" or user:
        other = (
            f"companion==1.0{_hash(hashlib.sha256(make_wheel('companion', '1.0')[1]).hexdigest())}\n" if user else ""
        )
        return ["-r", "r.txt", *found], {"r.txt": f"{pinned}{_hash(user)}\n{other}"}
    if way == "required":
        return ["carrier"], {}
    return [pinned if way == "pinned" else draft.name, *found, *(["--upgrade"] if way == "name" else [])], {}


def _hash(digest: str | None) -> str:
    return f" --hash=sha256:{digest}" if digest else ""
