"""Imports modules and says how that went: ``python FILE ROOT ANSWER MODULE ...``. Runs in the target's interpreter.

ROOT is the folder whose modules count; the answer is JSON in the file ANSWER. With Python 3.9 or newer.
"""

import sys

sys.path.pop(0)  # our own folder

import hashlib
import importlib
import inspect
import json
import os
import re
import traceback
from pathlib import Path

ROOT = sys.argv[1]
PLACES = (f"{ROOT}/env/", f"{ROOT}/work/", f"{sys.pycache_prefix}{ROOT}/")
"""Where what is compiled from below ROOT goes; in a place of its own is also what Python compiles of itself."""
COMPILED = set()
"""The sources that Python compiled itself, because it found no compiled file that it could use."""
WRITTEN = set()


def hear(event, arguments):
    """Note what is compiled, and which compiled file is written."""
    if event == "compile" and str(arguments[1]).startswith(ROOT):
        COMPILED.add(str(arguments[1]))
    elif event == "open" and arguments[2] & os.O_ACCMODE and str(arguments[0]).startswith(PLACES):
        WRITTEN.add(re.sub(r"(\.pyc)\.\d+$", r"\1", str(arguments[0])))  # Python writes it beside, and renames it


def tried(work, *arguments):
    """Return what *work* gives, or the class of what it raises."""
    try:
        return work(*arguments)
    except Exception as error:  # noqa: BLE001 - foreign modules
        return type(error).__name__


def source(thing):
    """Return something short that stands for the source of *thing*."""
    return hashlib.sha256(inspect.getsource(thing).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def described(name, module):
    """Return what a program sees of a module and where it came from."""
    own, spec = vars(module), module.__spec__
    functions = [value for value in own.values() if inspect.isfunction(value) and value.__module__ == name][:1]
    return {
        "file": own["__file__"],
        "cached": own.get("__cached__"),
        "origin": spec and spec.origin,
        "loader": type(own.get("__loader__")).__name__,
        "filename of the code": tried(lambda: own["__loader__"].get_code(name).co_filename),
        "source": tried(source, module),
        "source of a function": [tried(source, function) for function in functions],
    }


def attempt(name):
    """Import *name*; return the traceback if that fails."""
    try:
        importlib.import_module(name)
    except BaseException:  # noqa: BLE001 - foreign modules
        return traceback.format_exc().replace(__file__, "FILE")
    return ""


def is_below(module):
    """Whether *module* is one, and lies below ROOT."""
    return inspect.ismodule(module) and str(vars(module).get("__file__") or "").startswith(ROOT)


def main():
    """Import all that are named."""
    sys.addaudithook(hear)
    failures = {name: attempt(name) for name in sys.argv[3:]}
    compiled, written = sorted(COMPILED), sorted(WRITTEN)
    answer = {
        "failures": {name: text for name, text in failures.items() if text},
        "compiled by Python": compiled,
        "written by Python": written,
        "modules": {name: described(name, module) for name, module in sorted(sys.modules.items()) if is_below(module)},
    }
    Path(sys.argv[2]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
