"""Every parser that reads foreign bytes, as a function of bytes: it returns, or raises an error that a user is told.

Whatever else comes out of one of them is a fault. ``tests/property/test_parsers.py`` tries a little, ``tests/fuzz/run.py``
for as long as one likes.
"""

from __future__ import annotations

import gzip
import io
import json
import tempfile
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lib.wheels import core_metadata, make_wheel, record, zip_archive
from packaging.utils import canonicalize_name
from packaging.version import Version

from safeinstall.errors import ProjectNotFoundError, SafeInstallError
from safeinstall.facts.artifact import Source, SourceKind
from safeinstall.facts.metadata import header_fields, parse_metadata, parse_sdist_metadata
from safeinstall.facts.osv import UnreadableRecordError, parse_record
from safeinstall.policy.load import parse_policy
from safeinstall.ports import ListedFile, ProjectPage
from safeinstall.request.invocation import Selection, parse_invocation
from safeinstall.request.requirements import parse_reference
from safeinstall.resolve.finder import CandidateFinder
from safeinstall.sources.advisories.osv_dump import _parse
from safeinstall.sources.archives.archives import check_sdist, check_wheel
from safeinstall.sources.files.wheel_metadata import read_wheel_metadata
from safeinstall.sources.index.clock import told_time
from safeinstall.sources.index.find_links import FindLinks
from safeinstall.sources.index.project_page import parse_project_page
from safeinstall.sources.index.references import open_reference
from safeinstall.sources.network.content_coding import CodingError, decoded
from safeinstall.sources.network.http import _retry_after
from safeinstall.sources.network.transport import Reply
from safeinstall.sources.pip.channel import hear
from safeinstall.sources.pip.pylock_files import LockRequest, select
from safeinstall.sources.provenance.roots import TrustedRoot
from safeinstall.sources.provenance.verification import Verifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TAGS = ("py3-none-any",)
ATTESTED = Path(__file__).parents[1] / "data" / "provenance"
"""An object that ``lib/sigstore.py`` has made, and its trusted root: always the same bytes."""
APP = canonicalize_name("app")
SOURCE = Source(kind=SourceKind.INDEX, url="https://i.example/simple/", name="default")
MARKERS = {
    "implementation_name": "cpython", "implementation_version": "3.12.0", "os_name": "posix",
    "platform_machine": "x86_64", "platform_python_implementation": "CPython", "platform_release": "6", "platform_system":
    "Linux", "platform_version": "1", "python_full_version": "3.12.0", "python_version": "3.12", "sys_platform": "linux",
}  # fmt: skip
SELECTION = Selection(tags=TAGS, python=Version("3.12"))


def page_json(data: bytes) -> None:
    _looked_at(parse_project_page(data, "application/vnd.pypi.simple.v1+json", f"{SOURCE.url}app/", SOURCE))


def page_html(data: bytes) -> None:
    _looked_at(parse_project_page(data, "text/html", f"{SOURCE.url}app/", SOURCE))


def find_links(data: bytes) -> None:
    links = Source(kind=SourceKind.FIND_LINKS, url="https://i.example/links.html", name="links")
    found = FindLinks(links, lambda url, source: parse_project_page(data, "text/html; charset=utf-8", url, source))
    for page in found.pages(APP):
        _looked_at(page)


def filename(data: bytes) -> None:
    name = data.decode("utf-8", "replace")
    _looked_at(
        ProjectPage(source=SOURCE, files=(ListedFile(filename=name[:255], url="https://i.example/f", hashes={}),))
    )


def metadata(data: bytes) -> None:
    found = parse_metadata(data, name=APP, version=Version("1.0"))
    header_fields(found)
    for requirement in found.requires_dist:
        _ = requirement.marker and requirement.marker.evaluate(MARKERS)
        requirement.specifier.contains("1.0", prereleases=True)
    _ = found.requires_python and found.requires_python.contains("3.12")


def sdist_metadata(data: bytes) -> None:
    parse_sdist_metadata(data, name=APP, version=Version("1.0"))


def wheel(data: bytes) -> None:
    with _file(data) as path:
        check_wheel(path, "app-1.0-py3-none-any.whl")


def wheel_tail(data: bytes) -> None:
    read_wheel_metadata(io.BytesIO(data), "app-1.0-py3-none-any.whl", APP)


MEMBERS = {
    "app/__init__.py": b"",
    "app-1.0.dist-info/METADATA": core_metadata("app", "1.0").encode(),
    "app-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}
RECORD = "app-1.0.dist-info/RECORD"


def _member(name: str) -> Callable[[bytes], None]:
    def inside(data: bytes) -> None:
        members = {**MEMBERS, name: data}
        members.setdefault(RECORD, record(members, RECORD))
        wheel(zip_archive(members.items()))

    return inside


def sdist(data: bytes) -> None:
    with _file(data) as path:
        check_sdist(path, "app-1.0.tar.gz")


def tar(data: bytes) -> None:
    with _file(data) as path:
        check_sdist(path, "app-1.0.tar")


def osv_record(data: bytes) -> None:
    with suppress(UnreadableRecordError, json.JSONDecodeError, UnicodeDecodeError):
        parse_record(json.loads(data))


def osv_list(data: bytes) -> None:
    _parse("https://osv.example/modified_id.csv", data.decode("ascii", "replace"))


def pylock(data: bytes) -> None:
    with _file(data) as path:
        select(LockRequest(path=str(path), markers=MARKERS, tags=TAGS))


def policy(data: bytes) -> None:
    def unread(_reference: str) -> None:
        raise ProjectNotFoundError("nothing is read")

    parse_policy(data.decode("utf-8", "replace"), file="policy.toml", read=unread)


def channel(data: bytes) -> None:
    said = hear(io.StringIO(data.decode("utf-8", "replace")))
    if said is not None:
        parse_invocation(said)


def coding(data: bytes) -> None:
    with suppress(CodingError):
        for _ in decoded([data[1:20], data[20:]], ("gzip", "deflate", "br", "")[data[0] % 4] if data else ""):
            pass


def headers(data: bytes) -> None:
    text = data.decode("latin-1")
    told_time({"date": text, "age": text})
    _retry_after(Reply(status=429, headers={"retry-after": text}, body=iter(())))


def reference(data: bytes) -> None:
    with suppress(ValueError):  # whoever asks takes that for an address that is none
        open_reference(parse_reference(data.decode("utf-8", "replace")), None, frozenset(TAGS))


def provenance(data: bytes) -> None:
    _verifier().verify(data, filename="acme-1.0.tar.gz", sha256="ab" * 32)


@cache
def _verifier() -> Verifier:
    return Verifier(TrustedRoot((ATTESTED / "root.json").read_bytes(), "of the tests", None))


PARSERS: dict[str, Callable[[bytes], None]] = {
    "channel": channel,
    "coding": coding,
    "entry_points": _member("app-1.0.dist-info/entry_points.txt"),
    "filename": filename,
    "find_links": find_links,
    "headers": headers,
    "metadata": metadata,
    "osv_list": osv_list,
    "osv_record": osv_record,
    "page_html": page_html,
    "page_json": page_json,
    "policy": policy,
    "provenance": provenance,
    "pylock": pylock,
    "record": _member(RECORD),
    "reference": reference,
    "sdist": sdist,
    "sdist_metadata": sdist_metadata,
    "tar": tar,
    "wheel": wheel,
    "wheel_file": _member("app-1.0.dist-info/WHEEL"),
    "wheel_tail": wheel_tail,
}


def survive(name: str, data: bytes) -> None:
    """Give *data* to a parser. What it raises then is a fault, or tells a user something on lines that can be shown."""
    with suppress(SafeInstallError):
        PARSERS[name](data)


def _looked_at(page: ProjectPage) -> None:
    """Ask for what can be installed of *page*, as a resolution does."""

    class Index:
        def pages(self, _name: str) -> tuple[ProjectPage, ...]:
            return (page,)

    CandidateFinder(Index(), SELECTION).files(APP)


@contextmanager
def _file(data: bytes) -> Iterator[Path]:
    """Give a file with these bytes."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        yield Path(file.name)


def seeds() -> dict[str, list[bytes]]:
    """Return what an honest sender writes, to begin with."""
    from lib.index import LocalIndex
    from lib.wheels import make_sdist

    with LocalIndex() as index:
        index.add(*make_wheel("app", "1.0", ["dep>=1; python_version >= '3'"], requires_python=">=3.8"), yanked="bad")
        html, text = index.page("app", as_html=True)[1], index.page("app", as_html=False)[1]
    archive = make_wheel("app", "1.0", ["dep[x]>=1"], entry_points="[console_scripts]\napp = app:main\n")[1]
    source = make_sdist("app", "1.0", metadata_version="2.2")[1]
    return {
        "page_html": [html],
        "page_json": [text],
        "find_links": [html],
        "filename": [b"app-1.0-py3-none-any.whl", b"app-1.0-1-py2.py3-none-any.whl", b"app-1.0.tar.gz"],
        "metadata": [core_metadata("app", "1.0", ["dep>=1; python_version >= '3'"], ">=3.8", {"x": ["y"]}).encode()],
        "sdist_metadata": [core_metadata("app", "1.0", ["dep"], metadata_version="2.2").encode()],
        "wheel": [archive],
        "wheel_tail": [archive],
        "sdist": [source],
        "tar": [gzip.decompress(source)],
        "record": [record(MEMBERS, RECORD)],
        "wheel_file": [b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"],
        "entry_points": [b"[console_scripts]\napp = app:main\n"],
        "osv_record": [json.dumps(OSV).encode()],
        "osv_list": [b"2024-01-01T00:00:00.5Z,PYSEC-2024-1\n"],
        "pylock": [PYLOCK],
        "provenance": [(ATTESTED / "object.json").read_bytes()],
        "policy": [b'schema = 1\n[rules.minimum-age]\nminimum = "7d"\n[[exceptions]]\npackage = "app"\n'],
        "channel": [b'{"command": "install", "options": {}, "defaults": {}, "selection": {}}\n'],
        "coding": [b"\0" + gzip.compress(b"test" * 9, mtime=0)],
        "headers": [b"Sun, 22 Nov 2026 12:00:00 GMT", b"120"],
        "reference": [b"https://i.example/app-1.0-py3-none-any.whl#sha256=ab", b"git+https://i.example/app@main"],
    }


OSV = {
    "id": "PYSEC-1", "modified": "2024-01-01T00:00:00Z", "aliases": ["CVE-1"], "severity": [{"type": "CVSS_V3", "score":
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}], "affected": [{"package": {"ecosystem": "PyPI", "name": "app"},
    "versions": ["1.0"], "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}]}],
}  # fmt: skip
PYLOCK = b"""lock-version = "1.0"
created-by = "x"
[[packages]]
name = "app"
version = "1.0"
wheels = [{ name = "app-1.0-py3-none-any.whl", url = "https://i.example/app-1.0-py3-none-any.whl", hashes = { sha256 = "ab" } }]
"""
