"""What the tables of a policy mean: typed settings and rules, and the problems no type can express."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from safeinstall.models import Waiver
from safeinstall.policy.model import DEFAULT_INDEX, IndexSettings, Settings
from safeinstall.policy.schema import Decoder, Problem, field_types, suggest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safeinstall.models import PackageSelector
    from safeinstall.policy.locations import Path
    from safeinstall.policy.schema import Check
    from safeinstall.rules.base import Rule

SCHEMA = 1
_OWN_KEYS = ("schema", "extends", "rules")
"""Keys that are no field of :class:`Settings`."""


@dataclass(frozen=True, slots=True)
class Document:
    """What could be read. Use it only when there are no problems."""

    settings: Settings
    rules: tuple[Rule, ...]
    problems: tuple[Problem, ...]


def decode_document(data: Mapping[str, Any], known: Mapping[str, type[Rule]]) -> Document:
    """Read the tables of one policy, or of several merged."""
    decoder = Decoder(_checks(known))
    _check_schema(decoder, data.get("schema", SCHEMA))
    for key in data.keys() - field_types(Settings).keys() - set(_OWN_KEYS):
        decoder.unknown((key,), (*field_types(Settings), *_OWN_KEYS))
    own = {key: value for key, value in data.items() if key in field_types(Settings)}
    settings = decoder.table(own, Settings, ()) or Settings()
    _check_indexes(decoder, data.get("indexes"))
    rules = _rules(decoder, data.get("rules", {}), known)
    return Document(settings, rules, tuple(decoder.problems))


def _check_schema(decoder: Decoder, schema: object) -> None:
    if schema != SCHEMA or type(schema) is not int:  # true == 1
        decoder.refuse(("schema",), f"this safe-pip reads schema {SCHEMA} only; another may mean other things")


def _rules(decoder: Decoder, tables: object, known: Mapping[str, type[Rule]]) -> tuple[Rule, ...]:
    if not isinstance(tables, dict):
        decoder.refuse(("rules",), "expected a table")
        return ()
    for rule in tables.keys() - known.keys():
        decoder.unknown(("rules", rule), known, what="rule")
    listed = [rule for rule in sorted(tables) if rule in known]
    return tuple(r for rule in listed if (r := decoder.table(tables[rule], known[rule], ("rules", rule))))


def _check_indexes(decoder: Decoder, indexes: object) -> None:
    """Note what concerns two keys, or two indexes."""
    names: list[object] = []
    for number, index in enumerate(indexes if isinstance(indexes, list) else []):
        name = index.get("name") if isinstance(index, dict) else None
        if isinstance(name, str) and name in names:
            decoder.refuse(("indexes", number, "name"), f'"{name}" is listed twice')
        if isinstance(name, str) and name != DEFAULT_INDEX and "url" not in index:
            decoder.refuse(("indexes", number), f'"url" is required for every index but "{DEFAULT_INDEX}"')
        names.append(name)


def _checks(known: Mapping[str, type[Rule]]) -> Mapping[tuple[type, str], Check]:
    return {
        (IndexSettings, "url"): _check_url,
        (IndexSettings, "packages"): _check_whole_names,
        (Waiver, "package"): _check_not_everything,
        (Waiver, "reason"): _check_reason,
        (Waiver, "rules"): lambda rules: _check_excepted(rules, known),
    }


def _check_whole_names(packages: tuple[PackageSelector, ...]) -> Iterator[tuple[Path, str]]:
    for item, selector in enumerate(packages):
        if selector.specifier:
            yield (item,), f'"{selector}": an index serves whole names, not versions'


def _check_url(url: str) -> Iterator[tuple[Path, str]]:
    try:
        parts = urlsplit(url)
    except ValueError:
        yield (), "not a URL"
        return
    if parts.username is not None or parts.password is not None:
        yield (), "holds credentials, and a policy is shared; keep them in a keyring or .netrc"
    elif parts.scheme not in ("https", "http", "file") or not (parts.hostname or parts.scheme == "file"):
        yield (), "expected an absolute URL, such as https://packages.acme.example/simple/"


def _check_not_everything(package: PackageSelector) -> Iterator[tuple[Path, str]]:
    if package.matches_everything:
        yield (), f'"{package}" would except every package; name the one that needs it'


def _check_reason(reason: str) -> Iterator[tuple[Path, str]]:
    if not reason.strip():
        yield (), "is empty; say why this is acceptable"


def _check_excepted(rules: tuple[str, ...], known: Mapping[str, type[Rule]]) -> Iterator[tuple[Path, str]]:
    if not rules:
        yield (), "is empty; name the rules that this package may break"
    for item, rule in enumerate(rules):
        if rule not in known:
            yield (item,), f'unknown rule "{rule}"{suggest(rule, known)}'
        elif not known[rule].exceptable:
            yield (item,), f'the rule "{rule}" knows no exceptions'
