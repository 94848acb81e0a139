"""What the tables of a policy mean: typed settings and rules, and the problems no type can express."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from safeinstall.facts.terms import PublisherBinding
from safeinstall.facts.verdict import Waiver
from safeinstall.policy.locations import render_key
from safeinstall.policy.model import (
    DEFAULT_INDEX,
    Grants,
    IndexSettings,
    LogSettings,
    Override,
    ProvenanceSettings,
    Settings,
)
from safeinstall.policy.orders import order_of
from safeinstall.policy.schema import WHOLE, Decoder, Problem, field_types, suggest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safeinstall.facts.terms import PackageSelector
    from safeinstall.policy.locations import Path
    from safeinstall.policy.schema import Check
    from safeinstall.rules.base import Rule

SCHEMA = 1
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PATIENCE = timedelta(minutes=1)
_REPOSITORIES = {
    "GitHub": (re.compile(r"[\w.-]+/([\w.-]+|\*)", re.ASCII), "owner/name"),
    "GitLab": (re.compile(r"[\w.-]+(/[\w.-]+)*/([\w.-]+|\*)", re.ASCII), "group/name"),
    "ActiveState": (re.compile(r"[\w.-]+/([\w.-]+|\*)", re.ASCII), "organization/project"),
    "CircleCI": (re.compile(r"[\w.-]+(/[\w.-]+)*(/\*)?", re.ASCII), "github.com/owner/name"),
    "Google": (re.compile(r"[^@\s*?\[]+@[^@\s*?\[]+"), "name@project.iam.gserviceaccount.com"),
}
"""How each kind of publisher names what it publishes from, and how that is told."""
_HAVE_NONE = {
    "Google": ("workflow", "environment"),
    "ActiveState": ("workflow", "environment"),
    "CircleCI": ("environment",),
}
_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|keyring:[^:\s]+:[^:\s]+")
OWN_KEYS = ("schema", "extends", "rules", "overrides")
"""Keys that are no field of :class:`Settings`."""
LOOSENED = ("mode", "select", "evidence", "rules")
"""The keys of ``[grants.loosen]``."""


@dataclass(frozen=True, slots=True)
class Document:
    """What could be read. Use it only when there are no problems."""

    settings: Settings
    rules: tuple[Rule, ...]
    overrides: tuple[Override, ...]
    problems: tuple[Problem, ...]


def decode_document(data: Mapping[str, Any], known: Mapping[str, type[Rule]]) -> Document:
    """Read the tables of one policy, or of several merged."""
    decoder = Decoder(_checks(known))
    _check_schema(decoder, data.get("schema", SCHEMA))
    for key in data.keys() - field_types(Settings).keys() - set(OWN_KEYS):
        decoder.unknown((key,), (*field_types(Settings), *OWN_KEYS))
    own = {key: value for key, value in data.items() if key in field_types(Settings)}
    settings = decoder.table(own, Settings, ()) or Settings()
    _check_indexes(decoder, data.get("indexes"))
    _check_log(decoder, settings.log)
    settings = _with_loosened(decoder, settings, data.get("grants"), known)
    rules = _rules(decoder, data.get("rules", {}), known, ("rules",))
    overrides = _overrides(decoder, data.get("overrides", []), known)
    return Document(settings, rules, overrides, tuple(decoder.problems))


def _check_schema(decoder: Decoder, schema: object) -> None:
    if schema != SCHEMA or type(schema) is not int:  # true == 1
        decoder.refuse(("schema",), f"this safe-pip reads schema {SCHEMA} only; another may mean other things")


def _rules(decoder: Decoder, tables: object, known: Mapping[str, type[Rule]], path: Path) -> tuple[Rule, ...]:
    if not isinstance(tables, dict):
        decoder.refuse(path, "expected a table")
        return ()
    for rule in tables.keys() - known.keys():
        decoder.unknown((*path, rule), known, what="rule")
    listed = [rule for rule in sorted(tables) if rule in known]
    return tuple(r for rule in listed if (r := decoder.table(tables[rule], known[rule], (*path, rule))))


def _overrides(decoder: Decoder, tables: object, known: Mapping[str, type[Rule]]) -> tuple[Override, ...]:
    if not isinstance(tables, list):
        decoder.refuse(("overrides",), "expected [[overrides]] tables")
        return ()
    return tuple(o for n, table in enumerate(tables) if (o := _override(decoder, table, known, ("overrides", n))))


def _override(decoder: Decoder, table: object, known: Mapping[str, type[Rule]], path: Path) -> Override | None:
    if not isinstance(table, dict):
        decoder.refuse(path, "expected a table")
        return None
    named = decoder.table({key: value for key, value in table.items() if key != "rules"}, _Named, path)
    tables = table.get("rules")
    if not tables:
        decoder.refuse(path, '"rules" is required: the options that differ for this package')
        return None
    rules = _rules(decoder, tables, known, (*path, "rules"))
    if named is None or not isinstance(tables, dict) or len(rules) != len(tables):
        return None
    return Override(package=named.package, rules=rules, written={r.id: frozenset(tables[r.id]) for r in rules})


def _with_loosened(decoder: Decoder, settings: Settings, grants: object, known: Mapping[str, type[Rule]]) -> Settings:
    """Return *settings* with the values of ``[grants.loosen]`` read as those of the keys they speak of."""
    path: Path = ("grants", "loosen")
    tables = grants.get("loosen", {}) if isinstance(grants, dict) else {}
    if not isinstance(tables, dict):
        return settings  # noted already
    for key in tables.keys() - set(LOOSENED):
        decoder.unknown((*path, key), LOOSENED)
    own = {key: value for key, value in tables.items() if key in LOOSENED and key != "rules"}
    read = decoder.table(own, Settings, path)
    loosened = {key: getattr(read, key) for key in own if key != "evidence" and read}
    evidence = tables.get("evidence", {})
    if read and isinstance(evidence, dict):
        loosened |= _values(decoder, read.evidence, evidence, (*path, "evidence"))
    rules = tables.get("rules", {})
    for rule in _rules(decoder, rules, known, (*path, "rules")):
        loosened |= _values(decoder, rule, rules[rule.id], (*path, "rules", rule.id))
    return replace(settings, grants=replace(settings.grants, loosen=loosened))


def _values(decoder: Decoder, read: Any, written: Mapping[str, object], path: Path) -> dict[str, object]:
    """Map the dotted keys of a table of ``[grants.loosen]`` to what stands there."""
    for key in written:
        if key != "on-missing" and order_of(type(read), key).looser is None:
            decoder.refuse((*path, key), "no grant can loosen this; write the package into the policy that grants")
    return {render_key((*path[2:], key)): getattr(read, key.replace("-", "_")) for key in written}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    package: PackageSelector


def _check_indexes(decoder: Decoder, indexes: object) -> None:
    """Note what concerns two keys, or two indexes."""
    names: list[object] = []
    listed = indexes if isinstance(indexes, list) else []
    for number, index in enumerate(listed):
        name = index.get("name") if isinstance(index, dict) else None
        if isinstance(name, str) and name in names:
            decoder.refuse(("indexes", number, "name"), f'"{name}" is listed twice')
        if isinstance(name, str) and name != DEFAULT_INDEX and "url" not in index:
            decoder.refuse(("indexes", number), f'"url" is required for every index but "{DEFAULT_INDEX}"')
        names.append(name)
    for number, index in enumerate(listed):
        if isinstance(index, dict) and (problem := _no_original(index, [i for i in listed if isinstance(i, dict)])):
            decoder.refuse(("indexes", number, "mirror-of"), problem)


def _no_original(index: dict[str, object], indexes: list[dict[str, object]]) -> str:
    """Return why what an index mirrors can be mirrored by nobody; empty if it can, or if it mirrors none."""
    original = index.get("mirror-of")
    named = next((other for other in indexes if other.get("name") == original), None)
    if original is None:
        return ""
    if named is None:
        return f'there is no index "{original}" among [[indexes]]'
    if named is index:
        return "no index is a mirror of itself"
    return f'"{original}" is a mirror itself: name the index that it mirrors' if "mirror-of" in named else ""


def _check_log(decoder: Decoder, log: LogSettings) -> None:
    """Note what concerns two keys of ``[log]``."""
    if log.required and log.forward_to and log.forward_to.startswith("syslog+udp:"):
        decoder.refuse(("log", "required"), "nothing tells what UDP has lost; forward to https or syslog+tcp")
    if log.credentials and log.forward_to and log.forward_to.startswith("syslog+"):
        decoder.refuse(("log", "credentials"), "syslog takes none; they are for an https collector")


def _checks(known: Mapping[str, type[Rule]]) -> Mapping[tuple[type, str], Check]:
    return {
        (IndexSettings, "url"): _check_url,
        (IndexSettings, "packages"): _check_whole_names,
        (LogSettings, "forward-to"): _check_collector,
        (LogSettings, "credentials"): _check_reference,
        (LogSettings, "timeout"): _check_patience,
        (ProvenanceSettings, "root"): _check_path,
        (ProvenanceSettings, "mirrors"): _check_mirrors,
        (ProvenanceSettings, WHOLE): _check_root,
        (PublisherBinding, WHOLE): _check_publisher,
        (Waiver, "package"): _check_not_everything,
        (Waiver, "reason"): _check_reason,
        (Waiver, "rules"): lambda rules: _check_excepted(rules, known),
        (_Named, "package"): _check_some,
        (Grants, "exceptions"): lambda rules: _check_known(rules, known),
        (Grants, "indexes"): lambda urls: (
            ((n, *path), m) for n, url in enumerate(urls) for path, m in _check_url(url)
        ),
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


def _check_collector(url: str) -> Iterator[tuple[Path, str]]:
    if url.startswith("syslog+unix:///"):
        return
    if url.startswith(("syslog+udp://", "syslog+tcp://")):
        problems = list(_check_url(url.replace("syslog+udp:", "https:", 1).replace("syslog+tcp:", "https:", 1)))
    else:
        problems = list(_check_url(url))
        if not problems and not url.startswith("https:") and urlsplit(url).hostname not in _LOOPBACK:
            problems = [((), "expected https://, since receipts say what is installed where")]
    forms = "expected https://…, syslog+unix:///dev/log, syslog+tcp://HOST or syslog+udp://HOST"
    for path, message in problems:
        yield path, forms if message.startswith("expected an absolute") else message


def _check_reference(reference: str) -> Iterator[tuple[Path, str]]:
    if not _REFERENCE.fullmatch(reference):
        yield (), "expected env:VARIABLE or keyring:SERVICE:USER; a policy is shared and holds no secret"


def _check_patience(timeout: timedelta) -> Iterator[tuple[Path, str]]:
    if not timedelta(0) < timeout <= _PATIENCE:
        yield (), "expected more than nothing, and a minute at most: every run may wait for so long"


def _check_path(path: str) -> Iterator[tuple[Path, str]]:
    if "://" in path or not path:
        yield (), "expected a path: a root is read, and not fetched"


def _check_root(provenance: ProvenanceSettings) -> Iterator[tuple[Path, str]]:
    if (provenance.root is None) != (provenance.root_sha256 is None):
        given, absent = ("root", "root-sha256") if provenance.root_sha256 is None else ("root-sha256", "root")
        yield (given,), f'goes together with "{absent}": the hash says which root is meant'


def _check_mirrors(mirrors: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    for original, mirror in mirrors.items():
        for address in (original, mirror):
            if "://" in address:
                yield from (((original,), message) for _, message in _check_url(address))
        if "://" not in original:
            yield (original,), "expected the beginning of an address, such as https://git.acme.example/"


def _check_publisher(binding: PublisherBinding) -> Iterator[tuple[Path, str]]:
    kind, (form, told) = binding.kind, _REPOSITORIES[binding.kind]
    if not form.fullmatch(binding.repository):
        yield ("repository",), f'"{binding.repository}" is no repository of {kind}; write "{told}"{_named(binding)}'
    for key in ("workflow", "environment"):
        value = getattr(binding, key)
        if value is not None and key in _HAVE_NONE.get(kind, ()):
            yield (key,), f"a publisher of {kind} has none; leave it out"
        elif value is not None and not value.strip():
            yield (key,), "is empty; leave it out where any may be"
    if kind == "GitHub" and binding.workflow and "/" in binding.workflow:
        name = binding.workflow.rpartition("/")[2] or "release.yml"
        yield ("workflow",), f'"{binding.workflow}" is a path; write the name of the file alone, "{name}"'


def _named(binding: PublisherBinding) -> str:
    """Return what was meant by the address of a repository, as the end of a sentence."""
    path = urlsplit(binding.repository).path.strip("/").removesuffix(".git") if "://" in binding.repository else ""
    return f', here "{path}"' if path and _REPOSITORIES[binding.kind][0].fullmatch(path) else ""


def _check_not_everything(package: PackageSelector) -> Iterator[tuple[Path, str]]:
    if package.matches_everything:
        yield (), f'"{package}" would except every package; name the one that needs it'


def _check_some(package: PackageSelector) -> Iterator[tuple[Path, str]]:
    if package.matches_everything:
        yield (), f'"{package}" is every package; write the options into [rules]'


def _check_reason(reason: str) -> Iterator[tuple[Path, str]]:
    if not reason.strip():
        yield (), "is empty; say why this is acceptable"


def _check_excepted(rules: tuple[str, ...], known: Mapping[str, type[Rule]]) -> Iterator[tuple[Path, str]]:
    if not rules:
        yield (), "is empty; name the rules that this package may break"
    yield from _check_known(rules, known)


def _check_known(rules: tuple[str, ...], known: Mapping[str, type[Rule]]) -> Iterator[tuple[Path, str]]:
    for item, rule in enumerate(rules):
        if rule not in known:
            yield (item,), f'unknown rule "{rule}"{suggest(rule, known)}'
        elif not known[rule].exceptable:
            yield (item,), f'the rule "{rule}" knows no exceptions'
