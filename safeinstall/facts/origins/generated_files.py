"""Python files that ordinary builds make: known from what is in them, and from a template in the source.

A name is never enough: whoever smuggles code in may call it as he likes.
"""

from __future__ import annotations

import ast
import hashlib
import re

from safeinstall.facts.origins.version_files import LARGEST, parsed

_TEMPLATE = re.compile(r"(.+\.py)\.(?:in|tmpl|template)")
_FROM_TEMPLATE = re.compile(r"_*(?:build_?)?(?:config|info)_*\.py")
_PLAIN = frozenset({"bool", "dict", "int", "list", "set", "str", "tuple"})
_MATURIN = re.compile(
    rb"\s*from \.(\w+) import \*\s+__doc__ = \1\.__doc__\nif hasattr\(\1, \"__all__\"\):\n    __all__ = \1\.__all__\s*",
    re.ASCII,
)
"""The ``__init__.py`` that maturin makes where there is none: it has the names of the module beside it."""


def is_of_maturin(path: str, source: bytes) -> bool:
    """Whether the file at *path* is what maturin makes beside a compiled module."""
    return path.endswith("__init__.py") and len(source) <= LARGEST and _MATURIN.fullmatch(source) is not None


def template_of(path: str) -> str:
    """Return which file the template at *path* makes; empty if it is none."""
    found = _TEMPLATE.fullmatch(path)
    return found[1] if found else ""


def is_called_like_generated(path: str) -> bool:
    """Whether meson and its like could have made a file of that name from a template, or it is one."""
    name = path.rpartition("/")[2]
    return _FROM_TEMPLATE.fullmatch(template_of(name) or name) is not None


def skeleton(source: bytes) -> str:
    """Return a digest of a template, or of what one may have made, that does not tell its data apart; else empty.

    Two files of one skeleton are the same program but for strings that are data (meson: ``configure_file``): what is
    given to a function of others counts as it stands.
    """
    tree = parsed(source)
    if tree is None:
        return ""
    own = {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}
    try:
        _forget_data(tree, own | _PLAIN)
        return hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    except (RecursionError, MemoryError):
        return ""


def _forget_data(node: ast.AST, plain: frozenset[str] | set[str]) -> None:
    """Empty the strings below *node*, but those that are given to a function that is not *plain*."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            child.value = ""
        elif not isinstance(child, ast.Call) or _is_plain(child.func, plain):
            _forget_data(child, plain)


def _is_plain(function: ast.expr, plain: frozenset[str] | set[str]) -> bool:
    """Whether *function* is of the file itself, a plain one of Python, or of a string."""
    if isinstance(function, ast.Attribute):
        text = function.value
        while isinstance(text, ast.Call) and isinstance(text.func, ast.Attribute):
            text = text.func.value
        return isinstance(text, ast.Constant)
    return isinstance(function, ast.Name) and function.id in plain
