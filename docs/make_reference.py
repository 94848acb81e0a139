# ruff: noqa: INP001, SLF001
"""Write ``docs/reference/``: commands, policy keys, exit codes and variables, from the code. Run it after a change."""

from __future__ import annotations

import ast
import typing
from argparse import SUPPRESS, Action, ArgumentParser, _SubParsersAction
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from importlib import import_module
from pathlib import Path
from runpy import run_path
from typing import TYPE_CHECKING, Any

import safeinstall
from safeinstall import errors
from safeinstall.policy.model import Settings
from safeinstall.policy.render import render_value
from safeinstall.policy.schema import field_types, required_keys
from safeinstall.policy.shown.rule_docs import as_markdown
from safeinstall.request.arguments import OWN_COMMANDS, OWN_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).with_name("reference")
PACKAGE = Path(safeinstall.__file__).parent
type_name = run_path(str(Path(__file__).with_name("make_rules.py")))["type_name"]
MADE = "Written by `docs/make_reference.py` from the code."
COMMON_VARIABLES = """\
pip's own variables (`PIP_*`), its configuration files, `VIRTUAL_ENV`, `~/.netrc` and the keyring mean what they mean to
pip, which reads them itself. `NO_COLOR`, `FORCE_COLOR`, `TERM=dumb` and `COLUMNS` count for the
[`terminal` report](../reports.md); `GITHUB_STEP_SUMMARY` is where the `github` report appends its summary."""
OTHER_CODES = {
    "0": "What was asked was done, or would be.",
    "2": "Wrong usage, of an option or a command of ours; pip exits so, too.",
    "120": "What was said could not be written out: its reader has gone, or the disk is full. Python's, and so pip's.",
    "128 + n": "Stopped by signal n. Ctrl-C is 1, as with pip. A signal that was ignored from the start is ignored.",
    "pip's": "Whatever else pip exits with, when it was let go on.",
}


def pages() -> dict[str, str]:
    """Map the name of each page to its text."""
    return {
        "commands.md": _page("Commands", *_commands()),
        "policy-keys.md": _page("Keys of a policy", *_keys()),
        "exit-codes.md": _page("Exit codes", _exit_codes()),
        "environment.md": _page("Environment variables", _variables(), COMMON_VARIABLES),
    }


def _page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", MADE, *parts]) + "\n"


def _table(heads: list[str], rows: list[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(heads)} |", "|" + "---|" * len(heads), *lines])


# --- commands


def _commands() -> Iterator[str]:
    yield (
        "`install`, `download`, `wheel` and `lock` take pip's options, and these, before or after the command."
        " What follows `--` is never ours."
    )
    yield _table(["option", "value"], [(f"`{option}`", value) for option, value in OWN_OPTIONS.items()])
    yield "Every other command of pip passes through. Commands of our own take `--policy`, and `--python` before them:"
    for name in sorted(OWN_COMMANDS):
        yield from _command(import_module(f"safeinstall.commands.{name}")._parser())


def _command(parser: ArgumentParser, said: str = "") -> Iterator[str]:
    yield f"## {parser.prog}"
    if text := parser.description or said:
        yield _sentence(text)
    groups = [action for action in parser._actions if isinstance(action, _SubParsersAction)]
    shown = [a for a in parser._actions if a.help != SUPPRESS and a not in groups and a.dest != "help"]
    if shown:
        yield _table(["argument", ""], [(_usage(action), _help(parser, action)) for action in shown])
    for group in groups:
        helps = {choice.dest: choice.help or "" for choice in group._choices_actions}
        for name, own in group.choices.items():
            yield from _command(own, helps.get(name, ""))


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith(".") else f"{text}."


def _usage(action: Action) -> str:
    value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    takes = action.nargs != 0 and not isinstance(action.const, bool)
    if not action.option_strings:
        more = " …" if action.nargs in {"*", "+"} else ""
        return f"`{str(value).upper()}{more}`".replace("|", r"\|")
    names = ", ".join(action.option_strings)
    return f"`{names}{f' {value}' if takes else ''}`".replace("|", r"\|")


def _help(parser: ArgumentParser, action: Action) -> str:
    return parser._get_formatter()._expand_help(action).replace("|", r"\|") if action.help else ""


# --- policies


def _keys() -> Iterator[str]:
    yield (
        "What each means, and how layers are merged: [Policies](../policy.md). The options of rules, below"
        " `[rules.RULE]`, are on [the pages of the rules](../rules/README.md)."
    )
    yield _table(["key", "value", "default"], list(_rows(Settings, "")))


def _rows(cls: type, prefix: str) -> Iterator[tuple[str, str, str]]:
    declared = {field.name.replace("_", "-"): field for field in fields(cls)}
    for key, kind in field_types(cls).items():
        nested = _nested(kind)
        if nested is not None:
            is_list = typing.get_origin(kind) is tuple
            yield from _rows(nested, f"[[{key}]] " if is_list else f"[{key}] ")
        else:
            yield f"`{prefix}{key}`", type_name(kind), _default(cls, key, declared[key])


def _nested(kind: Any) -> type | None:
    inner = typing.get_args(kind)[0] if typing.get_origin(kind) is tuple else kind
    own = is_dataclass(inner) and inner.__module__ in {"safeinstall.policy.model", "safeinstall.facts.verdict"}
    return inner if own and inner.__name__.endswith(("Settings", "Grants", "Waiver")) else None


def _default(cls: type, key: str, field: Any) -> str:
    if key in required_keys(cls):
        return "required"
    value = field.default if field.default is not MISSING else field.default_factory()
    if isinstance(value, Mapping) or value in {None, ()}:
        return "none"
    return f"`{render_value(value)}`"


# --- exit codes and variables


def _exit_codes() -> str:
    said = _docstrings(Path(errors.__file__))
    codes = {str(getattr(errors, name)): _first(text) for name, text in said.items() if name.startswith("EXIT_")}
    found = {**OTHER_CODES, **codes}
    order = sorted(found, key=lambda code: (not code.isdecimal(), int(code) if code.isdecimal() else 0))
    after = "After 10 to 13 and 70 nothing was installed, unless a message says what pip had installed by then."
    return f"{_table(['code', 'meaning'], [(code, found[code]) for code in order])}\n\n{after}"


def _variables() -> str:
    rows = []
    for path in sorted(PACKAGE.rglob("*.py")):
        said = _docstrings(path, "SAFE_PIP_")
        rows += [(f"`{value}`", _first(text)) for value, text in said.items()]
    return _table(["variable", ""], sorted(rows))


def _docstrings(path: Path, value: str = "") -> dict[str, str]:
    """Map the constants of a module, or the strings beginning with *value* that they are, to the text after them."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    found = {}
    for node, after in zip(body, [*body[1:], ast.Pass()], strict=True):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        ):
            told = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
            if not value:
                found[node.targets[0].id] = str(told)
            elif str(node.value.value).startswith(value):
                found[str(node.value.value)] = str(told)
    return found


def _first(text: str) -> str:
    return as_markdown(" ".join(text.split()))


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
