"""Compile modules for a place that is not known yet. Runs in the target's interpreter, and imports none of them.

By itself as a worker (``sources/bytecode/workers.py``), and as part of what takes the code from it.

Code remembers the path of its source once, wherever it lies (``co_filename``, marshal.c). It is compiled under a name
that stands for it, and told the real one when it is put there.
"""

import json
import marshal
import os
import re
import sys
import time
from importlib.util import MAGIC_NUMBER

PLACEHOLDER = "<safe-pip %s>" % os.urandom(8).hex()
"""Shorter than 256 characters of ASCII. No module can hold it: a constant of the same text may be the same object."""
SHORT, LONG, UNICODE = {"z": "z", "Z": "Z"}, {"z": "a", "Z": "A"}, {"z": "u", "Z": "t"}
"""How marshal says that a string follows: without and with being interned; short ASCII, longer, and other."""
REFERENCE = 0x80
BEFORE = 2
"""Bytes before a short string: its kind, and its size."""
CODING = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
PLAIN = re.compile(rb"(utf-8|latin-1|iso-8859-1|iso-latin-1)(-|$)", re.IGNORECASE)
HEAD = 4096
"""Bytes of a module that are looked at for what it says of its encoding."""
LONGEST = 255
"""Characters of a short string."""
MEMORY = 2 << 30
"""Bytes of address space of a worker."""
SECONDS = 60
"""Of processor time for what is compiled in one go: should nobody be left to end a worker, it ends."""
MOST = 32 << 20
"""Bytes of code of that: a few lines can become gigabytes."""
LOW = 5
"""By how much what is compiled ahead yields to what is waited for."""


def is_plain(source):
    """Whether *source* is in an encoding for which Python needs no codec (PEP 263; CPython: ``get_normal_name``).

    pip 26.3 lets nothing be imported while it installs, and so does not compile what is in another one.
    """
    told = (CODING.match(line) for line in source[:HEAD].splitlines()[:2])
    return all(PLAIN.match(found.group(1).replace(b"_", b"-")) for found in told if found)


def compiled(source, name):
    """Return the code of a module as marshal writes it. Raises what the compiler raises."""
    return marshal.dumps(compile(source, name, "exec", dont_inherit=True))


def located(data):
    """Return where the placeholder begins in *data*; -1 if it is not there exactly once, as a name of its own."""
    word = PLACEHOLDER.encode()
    at = data.find(word)
    if at < BEFORE or data.find(word, at + 1) >= 0 or data[at - 1] != len(word):
        return -1
    return at if chr(data[at - 2] & ~REFERENCE) in SHORT else -1


def with_filename(data: memoryview, at: int, path: str) -> bytes:
    """Return *data*, the code of a module, with *path* where the placeholder stands *at*."""
    kind, reference = chr(data[at - 2] & ~REFERENCE), data[at - 2] & REFERENCE
    name = path.encode("utf-8", "surrogatepass")
    kinds = UNICODE if len(name) != len(path) else SHORT if len(name) <= LONGEST else LONG
    size = bytes([len(name)]) if kinds is SHORT else len(name).to_bytes(4, "little")
    begin = bytes([ord(kinds[kind]) | reference]) + size + name
    return b"".join((data[: at - 2], begin, data[at + data[at - 1] :]))


def header(magic: bytes, mtime: float, size: int) -> bytes:
    """Return the first sixteen bytes of a compiled module whose source has this time and size (PEP 552)."""
    words = (0, int(mtime) & 0xFFFFFFFF, size & 0xFFFFFFFF)
    return magic + b"".join(word.to_bytes(4, "little") for word in words)


def compile_sources(data, modules):
    """Return a record: the code of *modules* (name and size of each), whose sources follow one another in *data*."""
    told, code, begin, left = {}, [], 0, MOST
    for member, size in modules:
        source, begin = data[begin : begin + size], begin + size
        if not is_plain(source):
            continue
        try:
            made = compiled(source, PLACEHOLDER)
        except Exception:
            continue  # pip says what is wrong with it
        at = located(made)
        if at >= 0 and len(made) <= left:
            told[member] = (len(made), at, size)
            code.append(made)
            left -= len(made)
    return json.dumps(told).encode() + b"\n" + b"".join(code)


def write_record(path, record):
    """Write *record* to a new file at *path*."""
    with open(path, "xb") as file:
        file.write(record)


def way():
    """Name what decides how this process compiles a module."""
    seed, told = os.environ.get("PYTHONHASHSEED", ""), []
    if not sys.flags.hash_randomization or seed not in {"", "random"}:
        told.append("seed%s" % seed)
    if "no_debug_ranges" in getattr(sys, "_xoptions", {}) or os.environ.get("PYTHONNODEBUGRANGES"):
        told.append("noranges")
    if os.environ.get("PYTHONINTMAXSTRDIGITS"):
        told.append("digits%s" % os.environ["PYTHONINTMAXSTRDIGITS"])
    fixed = [sys.implementation.cache_tag, MAGIC_NUMBER.hex(), "%x" % sys.hexversion, "opt%d" % sys.flags.optimize]
    return "-".join(str(part) for part in fixed + told)


def limit(kind, value):
    """Let what would take far more than an honest module fail here, where pip is asked again."""
    try:
        import resource

        kind = getattr(resource, kind)
        resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))
    except (ImportError, AttributeError, OSError, ValueError):
        pass


def work():
    """Compile what each line of the standard input asks for; answer with a line for each."""
    import warnings

    limit("RLIMIT_AS", MEMORY)
    limit("RLIMIT_CORE", 0)
    warnings.simplefilter("ignore")
    if hasattr(os, "nice"):
        os.nice(LOW)
    for line in sys.stdin:
        job = json.loads(line)
        if job["way"] != way():
            break  # what started it for pip gave that other options
        limit("RLIMIT_CPU", int(time.process_time()) + SECONDS)
        with open(job["sources"], "rb") as file:
            data = file.read()
        os.unlink(job["sources"])
        write_record(job["code"], compile_sources(data, job["modules"]))
        sys.stdout.write(json.dumps(job["code"]) + "\n")
        sys.stdout.flush()
