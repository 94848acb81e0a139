"""Let pip find each module compiled when it comes to compile it, if our parent has that ready.

pip calls ``compileall.compile_file`` for each module (operations/install/wheel.py). Here that writes what was compiled
ahead, with the header that the source asks for (PEP 552), at the same place, with the same permissions, in one step
(py_compile.py, ``compile``). For whatever is not ready, and whenever anything is not as expected, it is Python's own.
"""

import compileall
import hashlib
import importlib.util
import json
import marshal
import os
import stat
from unicodedata import normalize

from .bytecode import PLACEHOLDER, compiled, header, located, with_filename

SAMPLE = b"def f():\n    return lambda: 'x'\n"
CHECKED_HASH = 3
LIMIT = 256 << 20
"""Bytes of a file of compiled modules that is read."""


class ReadyCode:
    """Stands in for the module ``compileall`` where pip uses it."""

    def __init__(self, channel, placed):
        """Ask for what is ready and has not been *placed* over *channel*, if there is one."""
        self.channel, self.placed = channel, placed
        self.wheels, self.modules, self.folders, self.real = {}, {}, set(), {}

    def saved(self, wheel, member, path):
        """Hear that *member* of *wheel* has been put at *path*."""
        if self.channel and path[-3:].lower() == ".py":
            self.modules[self.file(path)] = (wheel, member, path)

    def compile_file(self, path, **kwargs):
        """Compile the module at *path* as ``compileall.compile_file`` does, and return whether that went well."""
        owner = self.owner(path)
        try:
            if owner and (self.placed.has_compiled(owner[1]) or self.is_written(path, self.take(*owner, path))):
                return True
        except OSError:
            pass  # Python says what is wrong
        return compileall.compile_file(path, **kwargs)

    def owner(self, path):
        """Return of which wheel and member the module at *path* is, ``None`` if that is not certain. To ask once."""
        wheel, member, place = self.modules.pop(self.file(path), (None, None, None))
        return (wheel, member) if place == path else None

    def is_written(self, path, code):
        """Write *code* and the size of its source, if there is any, for *path*; return whether it was written."""
        return code is not None and self.write(path, *code)

    def take(self, wheel, member, path):
        """Return the code of the module at *path* and the size of its source, ``None`` if it is not ready."""
        if wheel not in self.wheels:
            self.wheels = {wheel: self.ask(wheel)}  # pip comes to no wheel twice
        found = self.wheels[wheel].get(member)
        if found is None:
            return None
        data, at, size = found
        return with_filename(data, at, path), size

    def file(self, path):
        """Return what is the same for all names of the file at *path*: the last member that went there is in it.

        A link may lead to its directory (``lib64``), and its file system may see no case, or no forms of Unicode.
        """
        folder, name = os.path.split(path)
        if folder not in self.real:
            self.real[folder] = os.path.realpath(folder)
        return normalize("NFC", normalize("NFC", os.path.join(self.real[folder], name)).casefold())

    def ask(self, wheel):
        """Return the code of the modules of *wheel*, by member, with where the file name is in it."""
        answer = self.channel.ask({"bytecode": [wheel]}) or {}
        modules = {}
        for path, begin, digest in answer.get("files") or ():
            found = read_code(path, begin, digest)
            if found is None:
                self.channel.ask({"damaged": [wheel]})
            modules.update(found or {})
        return modules

    def write(self, path, code, size):
        """Write *code* beside its source at *path*, which must have *size* bytes; return whether that was possible."""
        found = os.stat(path)
        if found.st_size != size:
            return False
        place = importlib.util.cache_from_source(path)
        folder = os.path.dirname(place)
        if folder not in self.folders:
            os.makedirs(folder, exist_ok=True)
            self.folders.add(folder)
        if os.path.islink(place) or (os.path.exists(place) and not os.path.isfile(place)):
            return False  # Python says what it is
        write_whole(place, header_for(path, found) + code, (stat.S_IMODE(found.st_mode) | 0o200) & 0o666)
        return True


def header_for(path, found):
    """Return the first sixteen bytes of the compiled form of the source at *path*, of which *found* is the status."""
    if os.environ.get("SOURCE_DATE_EPOCH"):
        with open(path, "rb") as source:
            told = importlib.util.source_hash(source.read())
        return importlib.util.MAGIC_NUMBER + CHECKED_HASH.to_bytes(4, "little") + told
    return header(importlib.util.MAGIC_NUMBER, found.st_mtime, found.st_size)


def write_whole(path, data, mode):
    """Put *data* in the place of *path*, whole or not at all (importlib: ``_write_atomic``)."""
    part = "%s.%d" % (path, id(path))
    file = os.open(part, os.O_EXCL | os.O_CREAT | os.O_WRONLY | getattr(os, "O_BINARY", 0), mode)
    try:
        with os.fdopen(file, "wb") as out:
            out.write(data)
        os.replace(part, path)
    except OSError:
        try:
            os.unlink(part)
        except OSError:
            pass
        raise


def read_code(path: str, begin: int, digest: str) -> "dict[str, tuple[memoryview, int, int]] | None":
    """Return what the file at *path* holds from *begin* on, ``None`` if that has not the sha256 *digest*.

    An empty digest is not looked at. It is one record after the other: a line of JSON with the size of the code of each
    module, where its file name stands, and the size of its source; then the code of all.
    """
    try:
        ways = ("O_BINARY", "O_NOFOLLOW", "O_NONBLOCK")
        file = os.open(path, sum((getattr(os, each, 0) for each in ways), os.O_RDONLY))
        with os.fdopen(file, "rb") as stream:
            stream.seek(begin)
            data = stream.read(LIMIT)
    except OSError:
        return None
    if digest and hashlib.sha256(data).hexdigest() != digest:
        return None
    modules, begin = {}, 0
    try:
        while begin < len(data):
            end = data.index(b"\n", begin) + 1
            for member, (size, at, source) in json.loads(data[begin:end].decode()).items():
                modules[member] = (memoryview(data)[end : end + size], at, source)
                end += size
            begin = end
    except (ValueError, AttributeError, TypeError):
        return None
    return modules


def fits():
    """Whether code that is compiled under another name, and then told its own, is what Python makes at once."""
    try:
        for name in ("/a.py", "/" + "b" * 300 + ".py", "/\u00e9\U0001f40d.py"):
            data = compiled(SAMPLE, PLACEHOLDER)
            again = with_filename(data, located(data), name)
            if marshal.loads(again) != compile(SAMPLE, name, "exec") or name.encode() not in again:
                return False
    except Exception:
        return False
    return True


def take_ready_code(channel, answer):
    """Let pip take from our parent what is unpacked and compiled faster than in pip's own way."""
    from .placing import what_is_placed
    from .unpacking import hasten_unpacking

    stage, ahead = answer.get("stage"), answer.get("bytecode")
    if not stage or not hasattr(os, "pread"):
        return
    placed = what_is_placed(answer.get("journal"), answer.get("unpacked"))
    ready = ReadyCode(channel if ahead and fits() else None, placed)
    try:
        from pip._internal.operations.install import wheel

        if wheel.compileall.compile_file is compileall.compile_file:
            wheel.compileall = ready
            hasten_unpacking(stage, placed, ready.saved)
    except (ImportError, AttributeError):
        pass  # this pip has other ways, and goes them
