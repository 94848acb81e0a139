"""Project pages of the simple repository API, from bytes to values.

JSON as PEP 691 with 592, 700, 714, 740 and 792; HTML as PEP 503. What pip shrugs at, this does too (pip:
models/link.py, ``Link.from_json`` and ``from_element``); a page that cannot be trusted to be complete is an error.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from safeinstall.errors import SourceError
from safeinstall.facts.file_versions import wheel_version
from safeinstall.ports import ListedFile, ProjectPage
from safeinstall.resolve.finder import join_hashes
from safeinstall.sources.index.clock import first_of_all, first_upload, upload_time
from safeinstall.sources.network.urls import quoted, redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from safeinstall.facts.artifact import Source

    _LeftOut: TypeAlias = tuple[Mapping[str, Any], tuple[str, str, str]]
    """An entry, and where its address leads."""

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
"""What to ask for, as pip does (pip: index/collector.py)."""

NAME_LENGTH = 255
"""Characters of a file's name; no file system has longer ones. A longer one is a file of no project."""

_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = ("application/vnd.pypi.simple.v1+html", "text/html")
_ALGORITHMS = ("sha512", "sha384", "sha256", "sha224", "sha1", "md5")
_HASH = re.compile(rf"(?:^|&)({'|'.join(_ALGORITHMS)})=([^&]*)")
_PLAIN = re.compile(r"https?://[A-Za-z0-9.:-]+(/(?:[A-Za-z0-9._~/-]|%2B)*)?")
"""An address that means the same on every page, and of which nothing has to be quoted."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s;\"']+)", re.IGNORECASE)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_UTF_8 = "utf-8"


_INTERACTIVE = frozenset({"form", "input", "button", "script", "frame", "iframe"})
"""What a page that answers in place of an index has, and a list of files does not need."""


class _MalformedError(Exception):
    """Why a page cannot be used."""


class _ForeignError(Exception):
    """Why a page is not an index's."""


def parse_project_page(
    body: bytes, content_type: str, url: str, source: Source, admit: Callable[[str], bool] = lambda _: True
) -> ProjectPage:
    """Parse the answer that *url* gave (after redirects: links are relative to it).

    File names come from the links, as in pip; of a name that *admit* does not like nothing more is read. Upload times
    have a time zone; one that cannot be read is ``None``, as are sizes that are none. Raises :class:`SourceError` for
    another content type (a captive portal, say), for an API version above 1, and for a page whose entries cannot be
    understood.
    """
    kind = content_type.strip().lower()
    try:
        if kind.startswith(_JSON):
            return _json_page(body, url, source, admit)
        return _html_page(body, content_type, url, source, admit)
    except _MalformedError as error:
        raise SourceError(
            f"the project page {redacted(url)} cannot be used: {error}",
            hint="this is a fault of the index: report it to whoever runs it",
        ) from error
    except _ForeignError as error:
        raise SourceError(
            f"{redacted(url)} is no project page: {error}",
            hint="check the address of the index, and that no login page or proxy answers in its place",
        ) from error


def _json_page(body: bytes, url: str, source: Source, admit: Callable[[str], bool]) -> ProjectPage:
    page = _json(body)
    meta = page.get("meta")
    _check_version(meta.get("api-version") if isinstance(meta, dict) else None)
    entries = page.get("files")
    if not isinstance(entries, list):
        raise _MalformedError("its files are no list")
    base, files = Base(url), []
    left_out: dict[str, list[_LeftOut]] = defaultdict(list)
    for entry in entries:
        if not isinstance(entry, dict):
            raise _MalformedError("one of its files is no JSON object")
        link = base.resolve(_text(entry, "url"))
        if admit(link[1]):
            files.append(_json_file(entry, base, *link))
        else:
            left_out[wheel_version(link[1])].append((entry, link))
    return ProjectPage(
        source=source,
        files=tuple(files),
        first_upload=first_upload([entry.get("upload-time") for entry in entries]),
        left_out={
            version: first_of_all([entry.get("upload-time") for entry, _ in wheels])
            for version, wheels in left_out.items()
        },
        attested_elsewhere={
            version: first for version, wheels in left_out.items() if (first := _first_attested(base, wheels))
        },
        status=_json_status(page.get("project-status")),
    )


def _json(body: bytes) -> dict[str, Any]:
    try:
        page = json.loads(body)
        page = _well_formed(page) if _SURROGATE.search(body) else page
    except (ValueError, RecursionError) as error:
        raise _MalformedError("it is not JSON") from error
    if not isinstance(page, dict):
        raise _MalformedError("it is no JSON object")
    return page


def _well_formed(value: Any) -> Any:
    """Replace what JSON can escape and no text can hold: halves of a surrogate pair, which cannot be written out."""
    match value:
        case str():
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        case list():
            return [_well_formed(one) for one in value]
        case dict():
            return {_well_formed(key): _well_formed(one) for key, one in value.items()}
        case _:
            return value


def _check_version(version: object) -> None:
    """PEP 629: a client must not read a page of a later major version. Without one it is 1.0."""
    if version is not None and str(version).partition(".")[0] != "1":
        raise _MalformedError(f"its API version is {version}, and only 1.x is understood")


def _json_status(status: object) -> str | None:
    found = status.get("status", status.get("state")) if isinstance(status, dict) else None
    return found if isinstance(found, str) else None


def _first_attested(base: Base, wheels: Sequence[_LeftOut]) -> ListedFile | None:
    """Return what an earlier file is known by. Whatever else is said of it is not looked at, and may be wrong."""
    attested = ((entry, link, base.announced(entry.get("provenance"))) for entry, link in wheels)
    known = [
        ListedFile(
            filename=link[1],
            url=link[0],
            hashes={"sha256": sha256.lower()},
            yanked=_yanked(entry.get("yanked")),
            upload_time=time,
            provenance=address,
        )
        for entry, link, address in attested
        if address and (time := upload_time(entry.get("upload-time"))) and (sha256 := _sha256(entry.get("hashes")))
    ]
    return min(known, key=lambda file: (file.upload_time, file.filename), default=None)


def _sha256(hashes: object) -> str | None:
    found = hashes.get("sha256") if isinstance(hashes, dict) else None
    return found if isinstance(found, str) else None


def _json_file(entry: Mapping[str, Any], base: Base, link: str, filename: str, fragment: str) -> ListedFile:
    hashes = _hashes(entry)
    core_metadata = entry.get("core-metadata")
    return ListedFile(
        filename=filename,
        url=link,
        hashes=join_hashes(fragment_hash(fragment), hashes) if fragment else hashes,
        requires_python=_optional_text(entry, "requires-python"),
        yanked=_yanked(entry.get("yanked")),
        size=_size(entry.get("size")),
        upload_time=upload_time(entry.get("upload-time")),
        core_metadata=_core_metadata(entry.get("dist-info-metadata") if core_metadata is None else core_metadata),
        provenance=base.announced(entry.get("provenance")),
        subdirectory=fragment_part(fragment, "subdirectory"),
        egg=fragment_part(fragment, "egg"),
    )


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value:
        raise _MalformedError(f"a file has no {key}")
    return value


def _optional_text(entry: Mapping[str, Any], key: str) -> str | None:
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise _MalformedError(f"the {key} of a file is no text")
    return value or None


def _hashes(entry: Mapping[str, Any]) -> dict[str, str]:
    hashes = entry.get("hashes")
    if hashes is None:
        return {}
    if not isinstance(hashes, dict) or not all(isinstance(value, str) for value in hashes.values()):
        raise _MalformedError("the hashes of a file are no table of texts")
    return {algorithm: value.lower() for algorithm, value in hashes.items()}


def _yanked(value: object) -> str | None:
    if isinstance(value, str) and value:
        return value
    return "" if value else None


def _size(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _core_metadata(value: object) -> Mapping[str, str] | None:
    """PEP 714: hashes of the metadata file, or true."""
    if isinstance(value, dict):
        return {key: text.lower() for key, text in value.items() if key in _ALGORITHMS and isinstance(text, str)}
    return {} if value else None


def fragment_hash(fragment: str) -> dict[str, str]:
    """Return the hash in the fragment of an address (PEP 503), if there is one."""
    found = _HASH.search(fragment)
    return {found[1]: found[2].lower()} if found else {}


def fragment_part(fragment: str, name: str) -> str:
    """Return a part of a fragment that pip reads, ``subdirectory`` or ``egg``: the first of that name, or nothing.

    One that is longer than a file's name can be counts for nothing.
    """
    parts = (part.partition("=") for part in fragment.split("&")) if fragment else ()
    value = next((value for key, _, value in parts if key == name), "")
    return value if len(value) <= NAME_LENGTH else ""


class Base:
    """What links are relative to. Joining addresses is the bulk of parsing a long page, so the usual ones are cut."""

    def __init__(self, url: str, base: str | None = None) -> None:
        """Resolve relative to the page at *url*, or to the *base* it declares. Only a local page has local links."""
        self._local = url.startswith("file:")
        self._url = url
        if base:
            self._url = self._join(base)

    def resolve(self, link: str) -> tuple[str, str, str]:
        """Return absolute address, file name and fragment."""
        link, _, fragment = link.partition("#")
        absolute = link if _PLAIN.fullmatch(link) else self._join(link)
        path = urlsplit(absolute).path if "?" in absolute else absolute
        name = (unquote(path) if "%" in path else path).rstrip("/").rpartition("/")[2]
        return absolute, "" if name in {".", ".."} or len(name) > NAME_LENGTH else name, fragment

    def announced(self, link: object) -> str | None:
        """Return the absolute address of what is announced beside a file; ``None`` where that is no address."""
        if not isinstance(link, str) or not (bare := link.partition("#")[0].strip()):
            return None
        try:
            return bare if _PLAIN.fullmatch(bare) else self._join(bare)
        except _MalformedError:  # pip installs from such a page
            return None

    def _join(self, link: str) -> str:
        try:
            absolute = urljoin(self._url, link.strip())
            scheme = urlsplit(absolute).scheme
        except ValueError as error:
            raise _MalformedError(f"a file has the impossible address {redacted(link)!r}") from error
        if scheme == "file" and not self._local:
            raise _MalformedError(f"it lists the local file {absolute!r}")
        if _CONTROL.search(absolute):
            raise _MalformedError(f"a file has the impossible address {redacted(absolute)!r}")
        return quoted(absolute)


def _html_page(body: bytes, content_type: str, url: str, source: Source, admit: Callable[[str], bool]) -> ProjectPage:
    if not content_type.strip().lower().startswith(_HTML):
        raise _ForeignError(f"its content type is {content_type!r}")
    parser = _PageParser()
    try:
        parser.feed(_decoded(body, _charset(content_type)))
        parser.close()
    except (UnicodeError, LookupError) as error:
        raise _MalformedError("it cannot be decoded") from error
    except AssertionError as error:  # html.parser's way to give up on a declaration
        raise _MalformedError("it is not HTML") from error
    _check_version(parser.meta.get("pypi:repository-version"))
    base = Base(url, parser.base)
    files = tuple(_html_file(anchor, base) for anchor in parser.anchors if anchor.get("href"))
    if not files and (parser.is_interactive or not body.strip()):
        raise _ForeignError("it lists nothing" + (", and asks for something" if parser.is_interactive else " at all"))
    admitted = tuple(file for file in files if admit(file.filename))
    return ProjectPage(
        source=source,
        files=admitted,
        left_out=dict.fromkeys(wheel_version(file.filename) for file in files if not admit(file.filename)),
        status=parser.meta.get("pypi:project-status"),
    )


def _charset(content_type: str) -> str:
    found = _CHARSET.search(content_type)
    return found[1] if found else _UTF_8


def _decoded(body: bytes, charset: str) -> str:
    """Raises ``UnicodeError``, also for a text that could not be written out again."""
    text = body.decode(charset)
    if charset.lower() != _UTF_8:
        text.encode()
    return text


def _html_file(anchor: Mapping[str, str | None], base: Base) -> ListedFile:
    link, filename, fragment = base.resolve(str(anchor["href"]))
    metadata = anchor.get("data-core-metadata", anchor.get("data-dist-info-metadata"))
    return ListedFile(
        filename=filename,
        url=link,
        hashes=fragment_hash(fragment),
        requires_python=anchor.get("data-requires-python") or None,
        # PEP 592: present is yanked, even where there is no value.
        yanked=anchor.get("data-yanked") or "" if "data-yanked" in anchor else None,
        core_metadata=None if metadata is None else fragment_hash(metadata),
        provenance=base.announced(anchor.get("data-provenance")),
        subdirectory=fragment_part(fragment, "subdirectory"),
        egg=fragment_part(fragment, "egg"),
    )


class _PageParser(HTMLParser):
    """Keep the anchors, the first base address and the ``pypi:`` facts (pip: index/collector.py, HTMLLinkParser)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base: str | None = None
        self.anchors: list[dict[str, str | None]] = []
        self.meta: dict[str, str] = {}
        self.is_interactive = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.anchors.append(dict(attrs))
        elif tag == "base" and self.base is None:
            self.base = dict(attrs).get("href")
        elif tag == "meta":
            found = dict(attrs)
            self.meta.setdefault(found.get("name") or "", found.get("content") or "")
            self.is_interactive |= (found.get("http-equiv") or "").lower() == "refresh"
        self.is_interactive |= tag in _INTERACTIVE
