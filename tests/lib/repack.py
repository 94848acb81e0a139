"""Wheels made again from what is installed, for a test that needs a real package and no index but its own."""

from __future__ import annotations

from importlib.metadata import Distribution, distribution
from pathlib import Path

from lib.wheels import record, zip_archive


def repacked(own: Distribution, *, version: str | None = None) -> tuple[str, bytes]:
    """Return ``(filename, bytes)`` of a wheel with the files of *own*, which is pure Python; as *version*, if given."""
    name, old = own.metadata["Name"].replace("-", "_"), own.version
    new = version or old
    folder = next(str(file).partition("/")[0] for file in own.files or () if str(file).endswith(".dist-info/METADATA"))
    info = f"{name}-{new}.dist-info"
    members = {}
    for file in own.files or ():
        path = str(file)
        if path.startswith("..") or path.endswith((".pyc", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json")):
            continue
        data = Path(str(own.locate_file(file))).read_bytes()
        if new != old and path in {f"{folder}/METADATA", f"{name}/__init__.py"}:
            data = data.replace(old.encode(), new.encode())
        members[path.replace(f"{folder}/", f"{info}/", 1)] = data
    return f"{name}-{new}-py3-none-any.whl", zipped(members, info)


def safe_pip_wheel(root: Path) -> tuple[str, bytes]:
    """Return a wheel of this project, whose sources are at *root*, without a build backend."""
    own = distribution("safeinstall")
    info = f"safeinstall-{own.version}.dist-info"
    members = {str(path.relative_to(root)): path.read_bytes() for path in _files(root / "safeinstall")}
    members |= {f"safeinstall/policies/{p.name}": p.read_bytes() for p in (root / "policies").glob("*.toml")}
    for name in ("METADATA", "entry_points.txt"):
        members[f"{info}/{name}"] = (own.read_text(name) or "").encode()
    members[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    return f"safeinstall-{own.version}-py3-none-any.whl", zipped(members, info)


def zipped(members: dict[str, bytes], info: str) -> bytes:
    """Return a wheel of these files, with a RECORD of them."""
    path = f"{info}/RECORD"
    return zip_archive({**members, path: record(members, path)}.items())


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
