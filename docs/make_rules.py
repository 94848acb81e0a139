# ruff: noqa: INP001
"""Write ``docs/rules/``: one page for each rule, from its docstring. Run it after a rule has changed."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Union

from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Level
from safeinstall.policy.render import render_value
from safeinstall.policy.schema import SHORT, field_types
from safeinstall.policy.shown.rule_docs import as_markdown, rule_docs
from safeinstall.rules.registry import known_rules

FOLDER = Path(__file__).with_name("rules")
NAMES = {
    Level: "level",
    timedelta: "duration",
    bool: "true or false",
    int: "number",
    str: "string",
    "PackageSelector": "selector",
    "Release": "`name==version`",
    "Digest": "`sha256:…`",
    "LicenseId": "SPDX identifier",
    "Probability": "number from 0 to 1",
}
PRICES = {
    Price.LISTING: "The index's listing and what is known on this machine: the file itself is not asked for.",
    Price.PROVENANCE: "The provenance of the file and of an earlier one, before its metadata is asked for: another file"
    " can still be taken.",
    Price.METADATA: "The metadata of the file, while versions are chosen: another file can still be taken.",
    Price.CONTENTS: "The verified file, before pip goes on: a denial refuses the whole run.",
}
STRICTER = {
    "union": "all that either layer lists",
    "pins": "the hashes both list",
    "ages": "the longer",
    "publishers": "both; of one selector the narrower entries",
    "highest": "the higher",
    "lowest": "the lower",
}


def pages() -> dict[str, str]:
    """Map the name of each page to its text."""
    rules = known_rules()
    index = "\n".join(f"- [{rule}]({rule}.md): {as_markdown(rule_docs(cls).summary)}" for rule, cls in rules.items())
    head = (
        "# Rules\n\nA policy enforces the rules that it lists, and nothing else but integrity. These pages are written"
        " by `docs/make_rules.py`.\n\n"
    )
    return {"README.md": f"{head}{index}\n", **{f"{rule}.md": page(cls) for rule, cls in rules.items()}}


def page(rule: Any) -> str:
    """Return the page of one rule."""
    docs = rule_docs(rule)
    parts = [
        f"# {rule.id}",
        as_markdown(docs.summary),
        as_markdown(docs.description),
        f"## {docs.heading}",
        options(rule, docs.options),
        "## A denial, and its fix",
        as_markdown(docs.example),
        "## What it needs",
        PRICES[rule.needs],
        "An `[[exceptions]]` entry can cover what it finds."
        if rule.exceptable
        else "No `[[exceptions]]` entry covers what it finds.",
    ]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def options(rule: Any, said: Mapping[str, str]) -> str:
    """Return the table of a rule's options."""
    lines = ["| option | value | default | of two layers |", "|---|---|---|---|"]
    declared = {f.name.replace("_", "-"): f for f in fields(rule)}
    for key, kind in field_types(rule).items():
        default = getattr(rule(), declared[key].name)
        shown = "" if default is None else f"`{render_value(default)}`"
        merged = stricter(kind, declared[key].metadata.get("merge"))
        lines.append(f"| `{key}` | {type_name(kind)} | {shown} | {merged} |")
    described = [f"- `{key}`: {as_markdown(text)}" for key, text in said.items()]
    return "\n".join([*lines, "", *described])


def type_name(kind: Any) -> str:
    """Say in words what a value is."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return type_name(next(a for a in arguments if a is not types.NoneType))
    if origin is tuple:
        return f"list of {type_name(arguments[0])}s"
    if origin is Mapping:
        return f"table of {type_name(arguments[0])} to {type_name(arguments[1])}"
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if kind in SHORT:
        return f"{type_name(field_types(kind)[SHORT[kind]])}s or table"
    name = getattr(kind, "__name__", str(kind))
    return NAMES.get(kind) or NAMES.get(name) or ("table" if is_dataclass(kind) else name)


def stricter(kind: Any, merge: str | None) -> str:
    """Say which of two values counts."""
    if merge:
        return STRICTER[merge]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return stricter(next(a for a in arguments if a is not types.NoneType), None)
    if origin is tuple:
        return "what both list"
    if origin is Literal:
        return "the one named first"
    return {Level: "the stricter", timedelta: "the longer", bool: "the default"}.get(kind, "the upper layer's")


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
