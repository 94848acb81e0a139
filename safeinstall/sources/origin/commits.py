"""The files of one commit, read as objects from a repository that may be hostile. Nothing is checked out."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from safeinstall.errors import SourceError
from safeinstall.facts.origins.origin import TreeMaker
from safeinstall.sources.network.content_coding import STEP
from safeinstall.sources.origin.git import Git
from safeinstall.sources.places.temporary import private_directory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from threading import Event

    from safeinstall.facts.origins.origin import Tree

FILES = 200_000
"""Files of a commit."""
FILE = 16 << 20
"""Bytes of a file that is read: of a larger one only that it is there is known."""
TOTAL = 512 << 20
"""Bytes of all that is read."""
PATH = 1024
"""Bytes of a path."""
_LISTING = FILES * 256
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHA1 = 40
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9_~.-]+)+/?")
"""What a certificate names: no password, no query, and nothing that is quoted."""
_PROTOCOLS = frozenset({"https", "http", "file", "git", "ssh"})
"""Those that a policy may name in its mirrors."""
_REGULAR = frozenset({"100644", "100755", "100664"})
_LINE = re.compile(rb"(\d{6}) (\w+) ([0-9a-f]{40,64}) +(\d{1,18}|-)\t(.*)", re.DOTALL)


class Entry(NamedTuple):
    """One file of a commit."""

    path: str
    object: str
    size: int


def address_of(repository: str, mirrors: Mapping[str, str]) -> tuple[str, str]:
    """Return where *repository* is read, by the longest beginning that *mirrors* have, and by which protocol.

    Raises ``SourceError`` for an address that no honest attestation has, or that git is not to be given.
    """
    if _ADDRESS.fullmatch(repository) is None or {".", ".."} & {*repository.split("/")}:
        raise SourceError("the attested repository is at no plain https address")
    begins = max((begin for begin in mirrors if _begins(repository, begin)), key=len, default=None)
    if begins is None:
        return repository, "https"
    address = mirrors[begins].rstrip("/") + repository[len(begins.rstrip("/")) :]
    protocol = "file" if address.startswith("/") else urlsplit(address).scheme
    if protocol not in _PROTOCOLS or "::" in address or not address.isprintable():
        raise SourceError(
            f"the mirror of {begins} is no address that is read",
            hint="name https://…, file:///… in [provenance] mirrors",
        )
    return address, protocol


def _begins(address: str, begin: str) -> bool:
    """Whether *address* is, or is below, *begin*: ``…/acme`` is no beginning of ``…/acme-other``."""
    whole = begin.rstrip("/")
    return address == whole or address.startswith(f"{whole}/")


def read_commit(
    repository: str, commit: str, mirrors: Mapping[str, str], environ: Mapping[str, str], stop: Event
) -> Tree:
    """Return the files of *commit*, the whole hash, of the repository at the attested address *repository*.

    Ends when *stop* is set.

    Links, submodules and what is larger than :data:`FILE` are not among them.

    Raises ``SourceError`` when it cannot be had, or is beyond a limit.
    """
    if _COMMIT.fullmatch(commit) is None:
        raise SourceError("what is attested as commit is no whole hash of one")
    address, protocol = address_of(repository, mirrors)
    with private_directory() as (folder, _):
        git = Git.find(folder, protocol, environ, stop)
        _fetch(git, address, commit)
        return _read(git, _entries(git, commit))


def _fetch(git: Git, address: str, commit: str) -> None:
    (git.folder / "home").mkdir(mode=0o700)
    form = "sha1" if len(commit) == _SHA1 else "sha256"
    git("init", "--quiet", "--bare", "--template=", f"--object-format={form}", str(git.repository))
    git(
        "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance",
        "--depth=1", "--end-of-options", address, commit,
    )  # fmt: skip
    if git("cat-file", "-t", commit).strip() != b"commit":
        raise SourceError(f"{commit} is no commit")


def _entries(git: Git, commit: str) -> list[Entry]:
    """Return the regular files of *commit* that are read. Raises ``SourceError`` beyond a limit."""
    listing = git("ls-tree", "-r", "-z", "-l", "--full-tree", commit, limit=_LISTING)
    lines = listing.split(b"\0")[:-1]
    if len(lines) > FILES:
        raise SourceError(f"{commit} has more than {FILES} files")
    found = [entry for line in lines if (entry := _entry(line)) is not None]
    if sum(entry.size for entry in found) > TOTAL:
        raise SourceError(f"{commit} has files of more than {TOTAL} bytes")
    return found


def _entry(line: bytes) -> Entry | None:
    match = _LINE.fullmatch(line)
    if match is None or len(match[5]) > PATH:
        raise SourceError("git lists a file that has no plain name")
    mode, kind, name, size = (part.decode() for part in match.groups()[:4])
    if mode not in _REGULAR or kind != "blob" or not size.isdecimal() or int(size) > FILE:
        return None
    return Entry(match[5].decode("utf-8", "backslashreplace"), name, int(size))


def _read(git: Git, entries: list[Entry]) -> Tree:
    asked = git.folder / "asked"
    asked.write_text("".join(f"{entry.object}\n" for entry in entries), encoding="ascii")
    answer = git.stream("cat-file", "--batch", "--buffer", data=asked)
    maker = TreeMaker()
    with answer.open("rb") as stream:
        for entry in entries:
            _read_file(stream, entry, maker)
    return maker.tree


def _read_file(stream: IO[bytes], entry: Entry, maker: TreeMaker) -> None:
    """Read the answer for one file: its name, kind and size on a line, its bytes, and the end of a line."""
    head = f"{entry.object} blob {entry.size}\n".encode()
    if stream.readline(len(head)) != head:
        raise SourceError(f"git does not give {entry.object}")
    maker.begin(entry.path)
    for chunk in _chunks(stream, entry.size):
        maker.feed(chunk)
    maker.end()
    stream.read(1)


def _chunks(stream: IO[bytes], left: int) -> Iterator[bytes]:
    while left:
        chunk = stream.read(min(left, STEP))
        if not chunk:
            raise SourceError("git ended early")
        left -= len(chunk)
        yield chunk
