"""What an installation leaves on disk, told so that two of them at the same path can be held against each other."""

from __future__ import annotations

import hashlib
import json
import marshal
import re
import stat
import struct
import subprocess
from dataclasses import asdict, dataclass
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING

from lib.in_target.code_objects import differences as code_differences

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

CODE_OBJECTS = Path(__file__).with_name("in_target") / "code_objects.py"
TAGGED = re.compile(r"(?P<stem>.+)\.(?!opt-)[a-z]+-\d+(\.opt-\w+)?\.pyc")
"""A compiled file's name, with the cache tag of its interpreter (PEP 3147, PEP 488)."""
HASHED = 0b01
"""The flag of a header that has its source's hash in place of time and size (PEP 552)."""
HEADER = 16
"""Bytes."""


@dataclass(frozen=True)
class Entry:
    """One file, link or folder."""

    mode: str
    """With the kind, as ``ls -l`` shows it."""
    owner: str
    content: str
    """Of a compiled file what its header says. Its code is looked at by :func:`differences`."""
    links: int = 1
    """How many names a file has."""
    written: str = ""
    """By the installation, or before."""


Tree = dict[str, Entry]
"""Everything below a folder, by its path from there."""


def read_tree(root: Path, since: float, pycache_prefix: Path | None = None) -> Tree:
    """Return all below *root*; what was changed after *since* (a time of the system's clock) counts as installed."""
    return {str(path.relative_to(root)): _entry(path, since, pycache_prefix) for path in sorted(_walk(root))}


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)


def _entry(path: Path, since: float, pycache_prefix: Path | None) -> Entry:
    status = path.lstat()
    mode, owner = stat.filemode(status.st_mode), f"{status.st_uid}:{status.st_gid}"
    if path.is_symlink():
        return Entry(mode, owner, str(path.readlink()))
    if path.is_dir():
        return Entry(mode, owner, "")
    written = "by the installation" if status.st_mtime >= since else "before"
    return Entry(mode, owner, _content(path, status, pycache_prefix), status.st_nlink, written)


def _content(path: Path, status: os.stat_result, pycache_prefix: Path | None) -> str:
    source = source_of(path, pycache_prefix)
    if source is not None and source.is_file():
        return _header(path.read_bytes()[:HEADER], source.stat())
    return f"{status.st_size} bytes, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}"


def source_of(path: Path, pycache_prefix: Path | None = None) -> Path | None:
    """Return where the source of a compiled file should be; nothing for another file."""
    named = TAGGED.fullmatch(path.name)
    if named and path.parent.name == "__pycache__":
        return path.parent.parent / f"{named['stem']}.py"
    if named and pycache_prefix and path.is_relative_to(pycache_prefix):
        return Path("/", path.parent.relative_to(pycache_prefix), f"{named['stem']}.py")
    return None


def _header(header: bytes, source: os.stat_result) -> str:
    """Tell a header, in place of its time whether that is the source's."""
    magic, flags, time, size = struct.unpack("<4sIII", header)
    if flags & HASHED:
        return f"magic {magic.hex()}, flags {flags}, hash {header[8:].hex()}"
    whose = "its source's" if time == int(source.st_mtime) & 0xFFFFFFFF else "another"
    return f"magic {magic.hex()}, flags {flags}, time {whose}, size {size}"


def differences(pip: tuple[Path, Tree], ours: tuple[Path, Tree], python: Path) -> list[str]:
    """Say what *ours* has otherwise than *pip*; each is a folder as it is now, and its tree as it was.

    *python* compares the code of compiled files: only the interpreter that made it can read it.
    """
    (pips_root, pips), (our_root, our) = pip, ours
    said = [f"{path}: missing" for path in sorted(pips.keys() - our.keys())]
    said += [f"{path}: not there with pip" for path in sorted(our.keys() - pips.keys())]
    both = sorted(pips.keys() & our.keys())
    for path in both:
        here, there = asdict(our[path]), asdict(pips[path])
        said += [f"{path}: {name} {here[name]}, pip: {there[name]}" for name in here if here[name] != there[name]]
        if path.endswith("/RECORD") and our[path].content != pips[path].content:
            said += _unequal_lines(path, pips_root, our_root)
    compiled = [path for path in both if our[path].content.startswith("magic") and our[path] == pips[path]]
    return said + unequal_code(compiled, pips_root, our_root, python)


def wrongly_compiled(folder: Path) -> list[str]:
    """Say which modules below *folder* have no compiled file, or another one than our own Python makes of their source."""
    modules = [path for path in _walk(folder) if path.suffix == ".py" and not path.is_symlink()]
    return [f"{path}: {problem}" for path in modules if (problem := _compiled_otherwise(path))]


def _compiled_otherwise(source: Path) -> str:
    compiled, data = Path(cache_from_source(source)), source.read_bytes()
    try:
        code = compile(data, str(source), "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return "compiled, though it cannot be" if compiled.exists() else ""
    if not compiled.exists():
        return "not compiled"
    found = compiled.read_bytes()
    status = source.stat()
    if found[:HEADER] != struct.pack("<4sIII", MAGIC_NUMBER, 0, int(status.st_mtime), status.st_size):
        return f"compiled with the header {found[:HEADER].hex()}"
    return "; ".join(code_differences(code, marshal.loads(found[HEADER:]), "compiled otherwise:"))


def _unequal_lines(path: str, pips_root: Path, our_root: Path) -> list[str]:
    pips, ours = ((root / path).read_text().splitlines() for root in (pips_root, our_root))
    said = [f"{path}: no line {line}" for line in pips if line not in ours]
    said += [f"{path}: the line {line}" for line in ours if line not in pips]
    return said or [f"{path}: the same lines in another order"]


def unequal_code(paths: list[str], pips_root: Path, our_root: Path, python: Path) -> list[str]:
    """Say where the code of compiled files differs; the same bytes are the same code, and need no look."""
    pairs = [(path, str(pips_root / path), str(our_root / path)) for path in paths]
    unlike = [pair for pair in pairs if Path(pair[1]).read_bytes()[HEADER:] != Path(pair[2]).read_bytes()[HEADER:]]
    if not unlike:
        return []
    done = subprocess.run(
        [python, "-I", CODE_OBJECTS], input=json.dumps(unlike), capture_output=True, text=True, check=True
    )
    return [str(line) for line in json.loads(done.stdout)]
