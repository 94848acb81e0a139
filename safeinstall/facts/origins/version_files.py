"""Files that a build writes to tell the version: Python that does nothing but to assign constants.

That is told from what is in them, never from their name: whoever smuggles code in may call it ``_version.py``.
"""

from __future__ import annotations

import ast
import re
import warnings

LARGEST = 1 << 14
"""Bytes of a file that may be one."""
_NAMES = re.compile(
    r"_{0,2}(?:scm_)?(?:version|versions|version_info|versioninfo|about|pkginfo|commit|git_revision|build_info)_{0,2}\.py"
)
_TYPING = frozenset({"__future__", "typing", "typing_extensions"})
_METHODS = frozenset(
    {"split", "rsplit", "partition", "rpartition", "strip", "lstrip", "rstrip", "replace", "startswith", "endswith"}
)
"""Of strings: what they return is a constant, too."""
_UNSAFE = frozenset({"__path__", "__spec__", "__loader__", "__builtins__", "__class__", "__getattr__", "__dir__"})
"""Names that mean something to whoever imports the module."""
_FILENAME = "<a file that a build may have generated>"
warnings.filterwarnings("ignore", module=re.escape(_FILENAME))  # what Python thinks of its style is no matter of ours
_VERSIONEER = ast.dump(
    ast.parse("import json\nversion_json = ''\ndef get_versions():\n    return json.loads(version_json)\n")
)


def is_called_like_one(path: str) -> bool:
    """Whether setuptools-scm, hatch-vcs, versioneer and their like could have called a file so."""
    return _NAMES.fullmatch(path.rpartition("/")[2]) is not None


def assigns_constants_only(source: bytes) -> bool:
    """Whether running *source* does nothing but to bind names to constants, read as Python reads it.

    What versioneer writes counts as such: a function that parses one constant. What cannot be read does not.
    """
    tree = parsed(source)
    try:
        return tree is not None and (all(map(_is_harmless, tree.body)) or _is_of_versioneer(tree.body))
    except (RecursionError, MemoryError):
        return False


def parsed(source: bytes) -> ast.Module | None:
    """Return *source* as Python reads it; ``None`` if it does not, or if it is larger than :data:`LARGEST`."""
    if len(source) > LARGEST:
        return None
    try:
        return ast.parse(source, _FILENAME)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_harmless(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return True
        case ast.ImportFrom(module=str(module), level=0):
            return module in _TYPING
        case ast.Import(names=names):
            return all(alias.name in _TYPING for alias in names)
        case ast.Assign(targets=targets, value=value):
            return all(map(_is_name, targets)) and _is_constant(value)
        case ast.AnnAssign(target=target, annotation=annotation, value=value):
            return _is_name(target) and _is_type(annotation) and (value is None or _is_constant(value))
        case ast.If(test=test, body=body, orelse=orelse):
            return _is_constant(test) and all(map(_is_harmless, [*body, *orelse]))
        case _:
            return False


def _is_name(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple):
        return all(map(_is_name, target.elts))
    return isinstance(target, ast.Name) and target.id not in _UNSAFE


def _is_constant(value: ast.expr) -> bool:
    """Whether nothing but constants, names and types can come of *value*, by nothing but what Python itself does."""
    match value:
        case ast.Constant() | ast.Name():
            return True
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return all(map(_is_constant, parts))
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and _is_constant(key) for key in keys) and all(map(_is_constant, values))
        case ast.UnaryOp(operand=operand):
            return _is_constant(operand)
        case ast.BoolOp(values=values):
            return all(map(_is_constant, values))
        case ast.Compare(left=left, comparators=others):
            return all(map(_is_constant, [left, *others]))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return all(map(_is_constant, [test, body, orelse]))
        case ast.Call(func=ast.Attribute(value=text, attr=method), args=args, keywords=[]):
            return method in _METHODS and all(map(_is_constant, [text, *args]))
        case _:
            return _is_type(value)


def _is_type(annotation: ast.expr) -> bool:
    match annotation:
        case ast.Constant() | ast.Name():
            return True
        case ast.Attribute(value=ast.Name(id=module)):
            return module in _TYPING
        case ast.Subscript(value=value, slice=index):
            bounds = [index.lower, index.upper, index.step] if isinstance(index, ast.Slice) else [index]
            return all(_is_constant(each) for each in (value, *bounds) if each is not None)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _is_type(left) and _is_type(right)
        case _:
            return False


def _is_of_versioneer(body: list[ast.stmt]) -> bool:
    code = [each for each in body if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))]
    for each in code:
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant):
            each.value = ast.Constant(value="")
    return ast.dump(ast.Module(body=code, type_ignores=[])) == _VERSIONEER
