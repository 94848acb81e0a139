"""Says in which way compiled files differ. Runs in the interpreter that compiled them: ``JSON pairs | python FILE``.

With Python 3.9 or newer.
"""

import json
import marshal
import re
import sys
from pathlib import Path

HEADER = 16


def parts(value):
    """Return what a code object (of this version of Python) or a tuple is made of, by name."""
    if isinstance(value, tuple):
        return dict(enumerate(value))
    if not hasattr(value, "co_code"):
        return {}
    names = [name for name in dir(value) if name.startswith("co_") and name != "co_lnotab"]  # made of co_linetable
    return {f"{value.co_name}.{name}": getattr(value, name) for name in names if not callable(getattr(value, name))}


def differences(pips, ours, where):
    """Yield where two constants are not the same."""
    theirs, mine = parts(pips), parts(ours)
    if type(pips) is not type(ours) or theirs.keys() != mine.keys():
        yield f"{where}: {type(ours).__name__} {list(mine)}, pip: {type(pips).__name__} {list(theirs)}"
    elif theirs:
        for name in theirs:
            yield from differences(theirs[name], mine[name], f"{where} {name}")
    elif neutral(pips) != neutral(ours):
        yield f"{where}: {ours!r:.200}, pip: {pips!r:.200}"


def neutral(constant):
    """Return what must be the same: NaN is not equal to itself, 0.0 is to -0.0, a set has no order, and ``--target``
    compiles in a directory with a random name."""
    text = repr(sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant)
    return re.sub(r"/tmp/(safe-pip-\w+/)?pip-target-\w+/", "/TARGET/", text)


def read(path):
    """Return what a compiled file holds."""
    return marshal.loads(Path(path).read_bytes()[HEADER:])


def main():
    """Compare all pairs."""
    getattr(sys, "set_int_max_str_digits", int)(0)  # a constant may be longer
    pairs = json.load(sys.stdin)
    json.dump(
        [line for path, pips, ours in pairs for line in differences(read(pips), read(ours), f"{path}:")], sys.stdout
    )


if __name__ == "__main__":
    main()
