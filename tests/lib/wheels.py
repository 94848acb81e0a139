"""Real wheels and source distributions, made in memory and the same bytes every time."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

EPOCH = (1980, 1, 1, 0, 0, 0)
IN_TREE_PYPROJECT = """\
[build-system]
requires = []
build-backend = "_backend"
backend-path = ["."]
"""
_BACKEND = """\
import base64, pathlib

WHEEL = base64.b64decode("{wheel}")


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    pathlib.Path(wheel_directory, "{filename}").write_bytes(WHEEL)
    return "{filename}"


build_editable = build_wheel
"""


def make_wheel(
    name: str,
    version: str,
    requires: Sequence[str] = (),
    *,
    requires_python: str | None = None,
    extras: Mapping[str, Sequence[str]] | None = None,
    files: Mapping[str, str | bytes] | None = None,
    tag: str = "py3-none-any",
    metadata_extra: str = "",
    build: str | None = None,
    entry_points: str | None = None,
    metadata: str | None = None,
    wheel_version: str = "1.0",
    record_text: str | bool = True,
) -> tuple[str, bytes]:
    """Return ``(filename, bytes)`` of a valid wheel.

    *files* defaults to one module with a ``__version__``. *extras* maps an extra to its requirements;
    *metadata_extra* is more header lines; *entry_points* is the text of ``entry_points.txt``; *metadata* replaces the
    whole METADATA, and *record_text* RECORD (false: there is none); of an empty *wheel_version* WHEEL says nothing.
    """
    stem = f"{_escaped(name)}-{version}"
    members = _encoded(_module(name, version) if files is None else files)
    text = core_metadata(name, version, requires, requires_python, extras, metadata_extra=metadata_extra)
    members[f"{stem}.dist-info/METADATA"] = (text if metadata is None else metadata).encode()
    members[f"{stem}.dist-info/WHEEL"] = _wheel_file(tag, build, wheel_version).encode()
    if entry_points is not None:
        members[f"{stem}.dist-info/entry_points.txt"] = entry_points.encode()
    if record_text is not False:
        own = record(members, f"{stem}.dist-info/RECORD")
        members[f"{stem}.dist-info/RECORD"] = own if record_text is True else record_text.encode()
    return f"{stem}{'-' + build if build else ''}-{tag}.whl", zip_archive(members.items())


def make_sdist(
    name: str,
    version: str,
    requires: Sequence[str] = (),
    *,
    requires_python: str | None = None,
    extras: Mapping[str, Sequence[str]] | None = None,
    files: Mapping[str, str | bytes] | None = None,
    metadata_extra: str = "",
    setup_py: str | None = None,
    pyproject: str | None = None,
    metadata_version: str = "2.1",
    dynamic: Sequence[str] = (),
    builds: str = "",
) -> tuple[str, bytes]:
    """Return ``(filename, bytes)`` of a valid ``.tar.gz`` source distribution.

    With neither *setup_py* nor *pyproject* it builds offline: a backend inside it unpacks the wheel that
    :func:`make_wheel` makes of the same arguments. *builds* is the name and version that it then turns out to have,
    instead of those that its file name says.
    """
    stem = f"{_escaped(name)}-{version}"
    name, version = builds.split() if builds else (name, version)
    members = _encoded(_module(name, version) if files is None else files)
    metadata = core_metadata(
        name,
        version,
        requires,
        requires_python,
        extras,
        metadata_extra=metadata_extra,
        metadata_version=metadata_version,
        dynamic=dynamic,
    )
    members["PKG-INFO"] = metadata.encode()
    if setup_py is None and pyproject is None:
        filename, wheel = make_wheel(
            name, version, requires, requires_python=requires_python, extras=extras, files=files
        )
        backend = _BACKEND.format(filename=filename, wheel=base64.b64encode(wheel).decode())
        members |= {"pyproject.toml": IN_TREE_PYPROJECT.encode(), "_backend.py": backend.encode()}
    members |= {k: v.encode() for k, v in (("setup.py", setup_py), ("pyproject.toml", pyproject)) if v is not None}
    return f"{stem}.tar.gz", tar_archive((f"{stem}/{path}", data) for path, data in members.items())


def core_metadata(
    name: str,
    version: str,
    requires: Sequence[str] = (),
    requires_python: str | None = None,
    extras: Mapping[str, Sequence[str]] | None = None,
    *,
    metadata_extra: str = "",
    metadata_version: str = "2.1",
    dynamic: Sequence[str] = (),
) -> str:
    """Return the text of a METADATA or PKG-INFO file."""
    lines = [f"Metadata-Version: {metadata_version}", f"Name: {name}", f"Version: {version}"]
    lines += [f"Dynamic: {field}" for field in dynamic]
    lines += [f"Requires-Python: {requires_python}"] if requires_python else []
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    for extra, requirements in (extras or {}).items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {_with_extra(requirement, extra)}" for requirement in requirements]
    lines += metadata_extra.strip().splitlines()
    return "\n".join([*lines, ""])


def record(members: Mapping[str, bytes], path: str) -> bytes:
    """Return the RECORD of *members*, itself named *path*."""
    lines = [f"{name},sha256={urlsafe_sha256(data)},{len(data)}" for name, data in members.items()]
    return "\n".join([*lines, f"{path},,", ""]).encode()


def urlsafe_sha256(data: bytes) -> str:
    """Return the digest as RECORD writes it."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def zip_archive(members: Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> bytes:
    """Return a zip of *members* in their order; a ``ZipInfo`` in place of a name says the attributes too."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members:
            archive.writestr(member if isinstance(member, zipfile.ZipInfo) else _zip_info(member), data)
    return buffer.getvalue()


def tar_archive(members: Iterable[tuple[str | tarfile.TarInfo, bytes]]) -> bytes:
    """Return a ``.tar.gz`` of *members* in their order; a ``TarInfo`` in place of a name says the type too."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member, data in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(buffer.getvalue(), mtime=0)


def _zip_info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o100644 << 16
    return info


def _escaped(name: str) -> str:
    return "_".join(part for part in name.lower().replace("-", "_").replace(".", "_").split("_") if part)


def _module(name: str, version: str) -> dict[str, str]:
    return {f"{_escaped(name)}/__init__.py": f'__version__ = "{version}"\n'}


def _encoded(files: Mapping[str, str | bytes]) -> dict[str, bytes]:
    return {path: data.encode() if isinstance(data, str) else data for path, data in files.items()}


def _wheel_file(tag: str, build: str | None, version: str) -> str:
    python, abi, platforms = tag.split("-")
    tags = [f"Tag: {p}-{abi}-{q}" for p in python.split(".") for q in platforms.split(".")]
    lines = [f"Wheel-Version: {version}"] if version else []
    lines += ["Generator: lib.wheels", f"Root-Is-Purelib: {str(abi == 'none').lower()}", *tags]
    return "\n".join([*lines, *([f"Build: {build}"] if build else []), ""])


def _with_extra(requirement: str, extra: str) -> str:
    head, _, marker = requirement.partition(";")
    condition = f'extra == "{extra}"'
    return f"{head.strip()}; ({marker.strip()}) and {condition}" if marker else f"{head.strip()}; {condition}"
