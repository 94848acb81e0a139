"""OSV records read: what the schema says, as values.

This module knows the OSV schema and PEP 440, and nothing of files, policies or other records. Its one principle: where
a record can be read in two ways, a version is affected if it is in either.

Range events that are not PEP 440 (``2.6.0-NA``) fail closed. OSV sorts them below every version, which would declare
everything safe. Here such an end keeps the whole release it begins with affected (``2.6.0-NA`` as ``==2.6.0.*``); one
that begins with no release (``2019-09-12``) ends nothing. An ``introduced`` likewise begins with its release; without
one the record cannot be read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from packaging.utils import InvalidName, NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from safeinstall.facts.advisory import AffectedRange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ECOSYSTEM = "PyPI"
"""The name of the ecosystem in OSV records, matched with any ``:suffix``."""

BANDS = {"low": 0.1, "medium": 4.0, "high": 7.0, "critical": 9.0}
"""The lowest score of each qualitative severity (CVSS v3.1 section 5, v4.0 section 6)."""

_WORDS = {**BANDS, "moderate": BANDS["medium"]}  # GHSA says "moderate"
_SUMMARY_LENGTH = 200
_EVENT_ORDER = {"fixed": 0, "limit": 0, "introduced": 1, "last_affected": 2}
_RELEASE = re.compile(r"v?(?P<head>(?:\d+!)?(?:\d+\.)+)(?P<last>\d+)", re.ASCII)
_VERSION_LENGTH = 256
_KINDS: dict[type, str] = {dict: "an object", list: "a list", str: "a string"}
_ID = re.compile(r"[!-~]+", re.ASCII)

T = TypeVar("T")


class UnreadableRecordError(ValueError):
    """A record that breaks the OSV schema. What it says of :attr:`names` is not known."""

    def __init__(self, reason: str, *, names: frozenset[NormalizedName] = frozenset()) -> None:
        """Keep *reason* and the packages the record *names*, as far as these could be read."""
        super().__init__(reason)
        self.names = names


@dataclass(frozen=True, slots=True)
class Affected:
    """The versions of one package that one record calls affected."""

    versions: frozenset[Version] = frozenset()
    literal_versions: frozenset[str] = frozenset()
    ranges: tuple[AffectedRange, ...] = ()

    def __or__(self, other: Affected) -> Affected:
        """Affected in either."""
        return Affected(
            self.versions | other.versions,
            self.literal_versions | other.literal_versions,
            self.ranges + tuple(r for r in other.ranges if r not in self.ranges),
        )

    def compact(self) -> Affected:
        """The same statement without the listed versions that a range holds anyway."""
        versions = frozenset(v for v in self.versions if not any(r.contains(v) for r in self.ranges))
        return replace(self, versions=versions)


def band(severity: float) -> str:
    """Return the qualitative severity of a CVSS base score: ``none`` or one of :data:`BANDS`."""
    return max((lowest, band) for band, lowest in {**BANDS, "none": 0.0}.items() if lowest <= severity)[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One OSV record, as it stands: its aliases are its own, its severity likewise."""

    id: str
    aliases: frozenset[str]
    modified: str
    """RFC 3339 in UTC without the ``Z``: compares as a string. May lie in the future."""
    withdrawn: bool
    summary: str
    url: str | None
    score: float | None
    """The highest base score of its CVSS vectors."""
    rating: float | None
    """``database_specific.severity``, as the lowest score of its band."""
    published: date | None
    """``None`` where it does not say, or not as RFC 3339."""
    affected: Mapping[NormalizedName, Affected]
    """Empty for a record that speaks of no package of the ecosystem."""


def parse_record(document: object) -> Record:
    """Read one decoded OSV record.

    Raises :class:`UnreadableRecordError` for what the schema forbids; never skips a part of it but GIT ranges, other
    ecosystems, and severities of unknown kinds.
    """
    try:
        return _record(_typed(document, dict, "the record"))
    except UnreadableRecordError as error:
        raise UnreadableRecordError(str(error), names=_names(document)) from None


# The record


def _record(document: dict[str, Any]) -> Record:
    id_ = _text(document, "id")
    if not _ID.fullmatch(id_):
        raise UnreadableRecordError("its id is not an id")
    return Record(
        id=id_,
        aliases=frozenset({id_, *filter(_ID.fullmatch, _texts(document, "aliases"))}),
        modified=_text(document, "modified").removesuffix("Z"),
        withdrawn=bool(_text(document, "withdrawn", "")),
        summary=_summary(document),
        url=_url(document),
        score=_score(document),
        rating=_rating(document),
        published=_day(_text(document, "published", "")),
        affected=_affected(document),
    )


def _typed(value: object, kind: type[T], what: str) -> T:
    if not isinstance(value, kind):
        raise UnreadableRecordError(f"{what} is not {_KINDS[kind]}")
    return value


def _text(holder: dict[str, Any], key: str, default: str | None = None) -> str:
    value = holder.get(key)
    return _typed(default if value is None else value, str, f"`{key}`")


def _list(holder: dict[str, Any], key: str) -> list[Any]:
    value = holder.get(key)
    return _typed([] if value is None else value, list, f"`{key}`")


def _dicts(holder: dict[str, Any], key: str) -> list[dict[str, Any]]:
    return [_typed(item, dict, f"an item of `{key}`") for item in _list(holder, key)]


def _texts(holder: dict[str, Any], key: str) -> list[str]:
    return [_typed(item, str, f"an item of `{key}`") for item in _list(holder, key)]


def _summary(document: dict[str, Any]) -> str:
    text = _text(document, "summary", "") or _text(document, "details", "")
    line = " ".join(text[: 4 * _SUMMARY_LENGTH].split())
    return line if len(line) <= _SUMMARY_LENGTH else line[: _SUMMARY_LENGTH - 1] + "…"


def _day(time: str) -> date | None:
    try:
        return date.fromisoformat(time[:10])
    except ValueError:
        return None


def _url(document: dict[str, Any]) -> str | None:
    urls = (_text(r, "url", "") for r in _dicts(document, "references") if r.get("type") == "ADVISORY")
    return next((url for url in urls if url.startswith(("https://", "http://"))), None)


# Severity


def _score(document: dict[str, Any]) -> float | None:
    holders = [document, *_dicts(document, "affected")]
    vectors = [(_text(s, "type", ""), _text(s, "score", "")) for h in holders for s in _dicts(h, "severity")]
    return max((score for kind, vector in vectors if (score := _base_score(kind, vector)) is not None), default=None)


@lru_cache(maxsize=4096)
def _base_score(kind: str, vector: str) -> float | None:
    """Return ``None`` for a kind we do not know or a vector that breaks its standard: unscored, never zero."""
    from cvss import CVSS2, CVSS3, CVSS4, CVSSError  # noqa: PLC0415 - needed only where records are read

    kinds = {"CVSS_V2": CVSS2, "CVSS_V3": CVSS3, "CVSS_V4": CVSS4}
    try:
        return float(kinds[kind](vector).base_score) if kind in kinds else None
    except CVSSError:
        return None


def _rating(document: dict[str, Any]) -> float | None:
    specific = document.get("database_specific")
    word = specific.get("severity") if isinstance(specific, dict) else None
    return _WORDS.get(word.lower()) if isinstance(word, str) else None


# Packages and versions


def _names(document: object) -> frozenset[NormalizedName]:
    """Every package that a broken record names in the right place."""
    entries = document.get("affected") if isinstance(document, dict) else None
    packages = [e.get("package") for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []
    names = [p.get("name") for p in packages if isinstance(p, dict)]
    return frozenset(canonicalize_name(name) for name in names if isinstance(name, str) and _is_name(name))


def _is_name(name: str) -> bool:
    try:
        canonicalize_name(name, validate=True)
    except InvalidName:
        return False
    return True


def _affected(document: dict[str, Any]) -> dict[NormalizedName, Affected]:
    found: dict[NormalizedName, Affected] = {}
    for entry in _dicts(document, "affected"):
        for name in _package(entry):
            found[name] = found.get(name, Affected()) | _statement(entry)
    return {name: affected.compact() for name, affected in found.items()}


def _package(entry: dict[str, Any]) -> Iterator[NormalizedName]:
    """Yield the package of *entry* if it is one of our ecosystem."""
    if entry.get("package") is None:
        return
    package = _typed(entry["package"], dict, "`package`")
    if _text(package, "ecosystem").partition(":")[0] != ECOSYSTEM:
        return
    name = _text(package, "name")
    if not _is_name(name):
        raise UnreadableRecordError("a package name is not a name")
    yield canonicalize_name(name)


def _statement(entry: dict[str, Any]) -> Affected:
    listed = _texts(entry, "versions")
    parsed = {text: parse_version(text) for text in listed}
    return Affected(
        versions=frozenset(version for version in parsed.values() if version is not None),
        literal_versions=frozenset(text for text, version in parsed.items() if version is None),
        ranges=tuple(interval for raw in _dicts(entry, "ranges") for interval in _intervals(raw)),
    )


@lru_cache(maxsize=32768)
def parse_version(text: str) -> Version | None:
    """Return *text* as PEP 440 reads it, or ``None``. Remembers: the same versions fill many records."""
    try:
        return Version(text) if len(text) <= _VERSION_LENGTH else None
    except InvalidVersion:
        return None


# Ranges


@dataclass(frozen=True, slots=True)
class _Event:
    kind: str
    at: Version | None
    """``None``: before everything."""

    def order(self) -> tuple[bool, Version, int]:
        """Sort by version; on a tie an end comes first, so that what follows on it begins anew."""
        return (self.at is not None, self.at or Version("0"), _EVENT_ORDER[self.kind])


def _intervals(raw: dict[str, Any]) -> tuple[AffectedRange, ...]:
    kind = _text(raw, "type")
    if kind == "GIT":  # commits; the versions stand in the ranges beside it
        return ()
    if kind not in {"ECOSYSTEM", "SEMVER"}:
        raise UnreadableRecordError("a range of unknown type")
    pairs = [pair for event in _dicts(raw, "events") for pair in event.items()]
    if not any(key == "introduced" for key, _ in pairs):
        raise UnreadableRecordError("a range without `introduced`")
    return _paired(sorted(_ordinary(pairs), key=_Event.order), _limit(pairs))


def _ordinary(pairs: list[tuple[str, Any]]) -> Iterator[_Event]:
    for kind, text in pairs:
        if kind not in _EVENT_ORDER:
            raise UnreadableRecordError("a range event of unknown type")
        if kind != "limit":
            yield from _event(kind, _typed(text, str, f"`{kind}`"))


def _event(kind: str, text: str) -> Iterator[_Event]:
    if kind == "introduced" and text == "0":
        yield _Event(kind, None)
    elif (version := parse_version(text)) is not None:
        yield _Event(kind, version)
    elif kind == "introduced":
        yield _Event(kind, _release_start(text))
    elif (beyond := _release_end(text)) is not None:
        yield _Event("limit", beyond)


def _limit(pairs: list[tuple[str, Any]]) -> Version | None:
    """Return the highest limit: a version below any of them is judged (OSV: BeforeLimits)."""
    limits = [_typed(text, str, "`limit`") for kind, text in pairs if kind == "limit"]
    bounds = [parse_version(text) or _release_end(text) for text in limits]
    return None if None in bounds else max((bound for bound in bounds if bound is not None), default=None)


def _release(text: str) -> re.Match[str] | None:
    return _RELEASE.match(text) if len(text) <= _VERSION_LENGTH else None


def _release_start(text: str) -> Version:
    if (match := _release(text)) is None:
        raise UnreadableRecordError("an `introduced` that begins with no release")
    return Version(f"{match['head']}{match['last']}.dev0")


def _release_end(text: str) -> Version | None:
    """Return the first version beyond the release that *text* begins with; a lone number is no release but a date."""
    match = _release(text)
    return None if match is None else Version(f"{match['head']}{int(match['last']) + 1}.dev0")


def _paired(events: list[_Event], limit: Version | None) -> tuple[AffectedRange, ...]:
    """Pair each beginning with the end that follows it (OSV schema, "evaluation").

    Where several ``last_affected`` follow each other the last one counts: each names a version that is affected.
    """
    ranges: list[AffectedRange] = []
    begun: _Event | None = None
    for event in events:
        if event.kind == "introduced":
            begun = begun or event
        elif begun is not None:
            ranges.append(_until(event, AffectedRange(introduced=begun.at, limit=limit)))
            begun = None
        elif event.kind == "last_affected" and ranges and ranges[-1].last_affected is not None:
            ranges[-1] = _until(event, ranges[-1])
    return (*ranges, AffectedRange(introduced=begun.at, limit=limit)) if begun else tuple(ranges)


def _until(end: _Event, interval: AffectedRange) -> AffectedRange:
    match end.kind:
        case "fixed":
            return replace(interval, fixed=end.at)
        case "last_affected":
            return replace(interval, last_affected=end.at)
        case _:
            return replace(interval, limit=min(end.at, interval.limit or end.at) if end.at else interval.limit)
