"""Core metadata (METADATA, PKG-INFO), read as pip reads it but without the email package: a tenth of the time."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidName, canonicalize_name
from packaging.version import InvalidVersion, Version

from safeinstall.errors import MetadataDynamicError, MetadataInconsistentError, MetadataInvalidError
from safeinstall.facts.artifact import Metadata

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.utils import NormalizedName

    Fields = dict[str, list[str]]

REQUIREMENTS = 10_000
"""``Requires-Dist`` fields of one file."""
REQUIREMENT_LENGTH = 32_768
"""Characters of one requirement."""
NAME_LENGTH = 255
"""Characters of a name that nobody asked for: it is to be the name of a folder."""
VERSION_LENGTH = 255
"""Characters of a version, and of a ``Requires-Python``: a version is part of a file's name."""
_SHOWN = 500
"""Characters of something invalid that a message repeats."""
_STATIC_SINCE = (2, 2)
_UNDEFINED = re.compile(r"""~=|===|extras|dependency_groups|["']\s*(?:[<>=!]+|(?:not\s+)?in)\s*["']""")
"""What shows too late to be no comparison: operators that are defined for versions alone (``python_version ~= "3"``),
variables that only a lock defines (PEP 751), and two texts without a variable."""
_LONG_NUMBER = re.compile(r"[0-9]{1000}")
"""Python refuses to read a number of a few thousand digits, with an error that is no library's."""
_SINGLE_USE = {
    field.lower(): field
    for field in (
        "Metadata-Version", "Name", "Version", "Summary", "Description", "Description-Content-Type", "Keywords",
        "Home-page", "Download-URL", "Author", "Author-email", "Maintainer", "Maintainer-email", "License",
        "License-Expression", "Requires-Python",
    )
}  # fmt: skip
"""Fields that may stand once in a file (core metadata specification): of two, each reader takes its own."""
_MUST_BE_STATIC = frozenset({"requires-dist", "requires-python", "provides-extra"})
_BLANK_LINE = re.compile(r"(?:\r\n|\r(?!\n)|\n)(?:\r|\n)")
_LINE_END = re.compile(r"\r\n|\r|\n")
_FIELD = re.compile(r"([!-9;-~]*):[ \t]*(.*)", re.DOTALL)
"""email.feedparser: any printable ASCII without a colon is a field name."""


def parse_metadata(data: bytes, *, name: NormalizedName | None, version: Version | None = None) -> Metadata:
    """Parse the METADATA file of a wheel, or the same file served beside it (PEP 658).

    What pip refuses is a :class:`MetadataInvalidError`: text that is not UTF-8, a missing or invalid Version, a
    requirement that is not PEP 508 (in any extra), a Name or Version other than *name* and *version*, or a Name that
    is none (PEP 508) where any may stand there (``None``). So is a field that stands twice and may stand once. An
    invalid Requires-Python counts as absent (pip: metadata/base.py, ``requires_python``). The requirements are shared
    between calls: never change them.
    """
    about = _about(name, version)
    text = _decoded(data, about)
    return _build(_unambiguous(_scan(text), about), text, name, version, about)


def parse_installed_metadata(data: bytes, *, name: NormalizedName) -> Metadata:
    """Parse the metadata of what is installed as *name*. What is there is judged as it is, and read as pip reads it.

    Of repeated fields the first counts. Its directory tells the name, whatever Name says, and can tell the version: one
    that is missing or invalid is 0 here. Raises ``MetadataInvalidError`` for text that is not UTF-8, and for an invalid
    requirement.
    """
    text = _decoded(data, name)
    fields = _scan(text)
    known = _is_version(_first(fields, "version"))
    return _build(fields | {"name": [name]} | ({} if known else {"version": ["0"]}), text, name, None, name)


def written_version(data: bytes) -> str | None:
    """Return the first Version of the metadata of what is installed, as it is written; ``None`` where it has none."""
    return _first(_scan(data.decode(errors="replace")), "version") or None


def parse_sdist_metadata(data: bytes, *, name: NormalizedName | None, version: Version | None = None) -> Metadata:
    """Parse the PKG-INFO file of a source distribution, which counts only if a build cannot change it (PEP 643).

    Raises like :func:`parse_metadata`, and also when the file is older than 2.2 or declares one of the fields that
    resolution needs dynamic: the dependencies are then unknown before a build.
    """
    about = _about(name, version)
    text = _decoded(data, about)
    fields = _unambiguous(_scan(text), about)
    if reason := _why_not_static(fields):
        raise MetadataDynamicError(
            f"the dependencies of the source distribution of {about} are unknown before a build: {reason}",
            hint="choose a version with a wheel, or let the policy build this project",
        )
    return _build(fields, text, name, version, about)


def parse_metadata_json(found: Mapping[str, object]) -> Metadata:
    """Read metadata as pip's installation report writes it (PEP 566). Raises like :func:`parse_metadata`."""
    fields: Fields = {}
    for key, value in found.items():
        values = value if isinstance(value, list) else [value]
        if key != "description":
            fields[key.replace("_", "-")] = [str(one) for one in values]
    name = fields.get("name", [""])[0]
    text = "".join(f"{key.title()}: {value}\n" for key, values in fields.items() for value in values)
    return _build(fields, text, None, None, name[:_SHOWN])


def header_fields(metadata: Metadata) -> Mapping[str, Sequence[str]]:
    """Return every field of the file that *metadata* was read from, by its name in lower case."""
    return _scan(metadata.text)


@lru_cache(maxsize=16384)
def parse_requirement(text: str) -> Requirement:
    """Parse a PEP 508 requirement once: most of them are written in many files. Never change the result.

    Raises ``InvalidRequirement``, also for what no honest file asks.
    """
    if len(text) > REQUIREMENT_LENGTH or _LONG_NUMBER.search(text):
        raise InvalidRequirement("too long")
    try:
        requirement = Requirement(text)
        if requirement.marker is not None and _UNDEFINED.search(text):
            requirement.marker.evaluate({"extra": ""})
    except RecursionError as error:
        raise InvalidRequirement("too deep") from error
    except UndefinedComparison as error:
        raise InvalidRequirement("its marker compares what cannot be compared") from error
    except UndefinedEnvironmentName as error:
        raise InvalidRequirement("its marker asks for what nobody knows") from error
    return requirement


@lru_cache(maxsize=1024)
def parse_requires_python(text: str) -> SpecifierSet | None:
    """Parse Requires-Python; ``None`` when it is invalid, which pip takes for absent."""
    try:
        return SpecifierSet(text) if len(text) <= VERSION_LENGTH else None
    except InvalidSpecifier:
        return None


def _about(name: str | None, version: Version | None) -> str:
    if name is None:
        return "the file"
    return name if version is None else f"{name} {version}"


def _decoded(data: bytes, about: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise MetadataInvalidError(f"the metadata of {about} is not UTF-8 (byte {error.start})") from error


def _scan(text: str) -> Fields:
    """Collect the header fields by lower-case name, ending where the email package ends.

    That end matters: a reader that went on after a line which is no field would see requirements that pip does not.
    """
    fields: Fields = {}
    values: list[str] | None = None
    for line in _LINE_END.split(_header(text)):
        if line[:1] in {" ", "\t"}:
            if values:
                values[-1] += "\n" + line
        elif line.startswith("From "):  # an mbox envelope, which the email package skips
            values = None
        elif field := _FIELD.match(line):
            values = fields.setdefault(field[1].lower(), []) if field[1] else None
            if values is not None:
                values.append(field[2])
        else:
            break
    return fields


def _header(text: str) -> str:
    end = _BLANK_LINE.search(text)
    return text[: end.start()] if end else text


def _unambiguous(fields: Fields, about: str) -> Fields:
    """Return *fields*, unless one that may stand once stands twice."""
    for field, values in fields.items():
        if len(values) > 1 and field in _SINGLE_USE:
            raise MetadataInvalidError(f"the metadata of {about} has more than one {_SINGLE_USE[field]}")
    return fields


def _build(fields: Fields, text: str, name: NormalizedName | None, version: Version | None, about: str) -> Metadata:
    if len(fields.get("requires-dist", ())) > REQUIREMENTS:
        raise MetadataInvalidError(f"the metadata of {about} has more than {REQUIREMENTS} Requires-Dist")
    return Metadata(
        name=_checked_name(fields, name, about),
        version=_checked_version(fields, version, about),
        requires_dist=tuple(_requirement(value.strip(), about) for value in fields.get("requires-dist", ())),
        requires_python=_requires_python(fields),
        provides_extra=frozenset(canonicalize_name(extra.strip()) for extra in fields.get("provides-extra", ())),
        text=text,
        literal_name=_first(fields, "name") or "",
    )


def _first(fields: Fields, key: str) -> str | None:
    values = fields.get(key)
    return values[0].strip() if values else None


def _checked_name(fields: Fields, expected: NormalizedName | None, about: str) -> NormalizedName:
    written = _first(fields, "name")
    if not written:
        raise MetadataInvalidError(f"the metadata of {about} has no Name")
    if expected is None:
        return _valid_name(written, about)
    if canonicalize_name(written) != expected:
        raise MetadataInconsistentError(f"the metadata of {about} has another name: {written[:_SHOWN]!r}")
    return expected


def _valid_name(written: str, about: str) -> NormalizedName:
    """What is not asked for by name chooses one, which becomes part of paths and messages: a Name (PEP 508) it is."""
    try:
        if len(written) <= NAME_LENGTH:
            return canonicalize_name(written, validate=True)
    except InvalidName:
        pass
    raise MetadataInvalidError(f"the metadata of {about} has an invalid Name: {written[:_SHOWN]!r}")


def _checked_version(fields: Fields, expected: Version | None, about: str) -> Version:
    written = _first(fields, "version")
    if not written:
        raise MetadataInvalidError(f"the metadata of {about} has no Version")
    try:
        version = Version(written[: VERSION_LENGTH + 1])
    except InvalidVersion as error:
        raise MetadataInvalidError(f"the metadata of {about} has an invalid Version: {written[:_SHOWN]!r}") from error
    if len(written) > VERSION_LENGTH:
        raise MetadataInvalidError(f"the metadata of {about} has a Version of more than {VERSION_LENGTH} characters")
    if expected is not None and version != expected:
        raise MetadataInconsistentError(f"the metadata of {about} has another version: {written!r}")
    return version


def _is_version(written: str | None) -> bool:
    try:
        return bool(written) and len(str(Version(str(written)))) <= VERSION_LENGTH
    except InvalidVersion:
        return False


def _requirement(value: str, about: str) -> Requirement:
    try:
        return parse_requirement(value)
    except InvalidRequirement as error:
        raise MetadataInvalidError(
            f"the metadata of {about} has an invalid Requires-Dist: {value[:_SHOWN]!r}"
        ) from error


def _requires_python(fields: Fields) -> SpecifierSet | None:
    written = _first(fields, "requires-python")
    return parse_requires_python(written) if written else None


def _why_not_static(fields: Fields) -> str | None:
    written = _first(fields, "metadata-version") or "none"
    if _release(written) < _STATIC_SINCE:
        return f"its PKG-INFO has Metadata-Version {written}, which promises nothing"
    dynamic = sorted(value.strip() for value in fields.get("dynamic", ()) if value.strip().lower() in _MUST_BE_STATIC)
    return f"its PKG-INFO declares {', '.join(dynamic)} dynamic" if dynamic else None


def _release(metadata_version: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in metadata_version.split("."))
    except ValueError:
        return ()
