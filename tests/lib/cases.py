"""A case of the differential suite: what is on the indexes, what is installed, and one command line.

A file of a project is written ``"name version"`` or ``"name version needs requirement, requirement"`` for a wheel, or
as a table with more facts (:class:`Loader`). ``{main}`` is the address of the index ``main``, ``{main.files}`` that of
its files, ``{root}`` the working directory, ``{sha256:main/FILE}`` the digest of a file there (``md5``, ``sha512``),
``{sha256:FILE}`` that of an archive.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib.forks import Python, Run
from lib.index import CERTIFICATE, LocalIndex, Reply
from lib.targets import SITE_PACKAGES, make_target, snapshot
from lib.wheels import make_sdist, make_wheel, tar_archive, zip_archive

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lib.targets import Pip

CASES = Path(__file__).parent.parent / "conformance" / "cases"
MAIN = "main"
PIP_MODULES = [
    "pip._internal.cli.main", "pip._internal.cli.main_parser", "pip._internal.commands.install",
    "pip._internal.commands.download", "pip._internal.commands.wheel", "pip._internal.metadata.importlib",
    "pip._internal.operations.install.wheel", "pip._internal.models.installation_report", "pip._internal.network.download",
    "pip._internal.resolution.resolvelib.resolver", "pip._vendor.distro", "pip._vendor.pygments.lexers.python",
    "pip._vendor.rich._emoji_codes", "pip._vendor.rich.logging", "pip._vendor.truststore", "encodings.cp437",
    "encodings.idna", "netrc", "xmlrpc.client",
]  # fmt: skip
SAFE_PIP_MODULES = [
    "safeinstall.app.cli",
    "safeinstall.app.keeper",
    "safeinstall.app.recorder",
    "safeinstall.app.screen",
    "safeinstall.app.world",
    "safeinstall.guard.installation",
    "safeinstall.pipeline",
    "safeinstall.policy.load",
    "safeinstall.report.receipt",
    "safeinstall.report.refusal",
    "safeinstall.rules.registry",
    "safeinstall.sources.keeping",
    "safeinstall.sources.network.httpx_transport",
    "safeinstall.sources.policies.policy_files",
    "safeinstall.sources.undoing.undo",
    "encodings.cp437",
    "encodings.idna",
]
PREPARE = f"import sys; sys.path.insert(0, {str(Path(__file__).parent.parent)!r}); from lib import forks"
_COMMITTER = {"NAME": "a", "EMAIL": "a@b.example", "DATE": "2020-01-01T00:00:00Z"}
CAUSE = re.compile(r"^(HINT: |The conflict is caused by:$).*", re.MULTILINE | re.DOTALL)
"""What pip prints on standard output of what is wrong: nothing follows it."""
TOLD = re.compile(r"^ *(Successfully .*|Would install .*|Saved .*|INFO: .*)", re.MULTILINE)
"""What pip prints of its results, as opposed to its progress."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One file below ``cases/``."""

    name: str
    why: str
    argv: str
    exit: int = 0
    """pip's exit code."""
    chosen: tuple[str, ...] | None = None
    """What pip installs, as ``name version``: so that the case shows what it says."""
    pip: str = ""
    """The versions of pip that know what the case needs."""
    difference: str | None = None
    """The heading in ``docs/compatibility.md`` that tells why safe-pip ends otherwise."""
    differs: tuple[str, ...] = ()
    """What then is unequal: the beginnings of the lines of :func:`differences`."""
    same_error: bool = False
    """Whether both have to say the same of what is wrong, on the same streams (:func:`error_differences`)."""
    safe_exit: int | None = None
    """safe-pip's exit code, if that is what differs."""
    indexes: Mapping[str, Any] = field(default_factory=dict)
    folders: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    trees: Mapping[str, Any] = field(default_factory=dict)
    """By folder: the project whose source lies there, as a file of a project is written."""
    repositories: Sequence[str] = ()
    """Those of the folders that are git repositories, of one commit."""
    archives: Mapping[str, str] = field(default_factory=dict)
    """By name of a ``.tar.gz``: the folder that is packed in it."""
    installed: Sequence[Any] = ()
    site: Mapping[str, Any] = field(default_factory=dict)
    """Files of the target's ``site-packages``, for what no wheel holds: a text, or a table of the texts in a zip."""
    environ: Mapping[str, str] = field(default_factory=dict)
    config: str = ""


def load_case(path: Path) -> Case:
    """Read one case; an unknown key is an error."""
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    said |= {key: tuple(said[key]) for key in ("chosen", "differs") if key in said}
    return Case(name=str(path.relative_to(CASES).with_suffix("")), **said)


@dataclass(frozen=True)
class Result:
    """What one tool did."""

    exit: int
    report: Any
    files: Mapping[str, bytes]
    """Of the environment and of the working directory."""
    told: tuple[str, ...]
    stdout: str
    stderr: str

    @property
    def errors(self) -> list[str]:
        """What is said of what is wrong, but for what safe-pip adds in its own name."""
        lines = [line for line in self.stderr.splitlines() if not line.startswith("safe-pip: ")]
        cause = CAUSE.search(self.stdout)
        return [*lines, *(cause[0].splitlines() if cause else ())]

    @property
    def chosen(self) -> list[str]:
        """The installed files, as ``name version``."""
        return sorted(f"{i['metadata']['name']} {i['metadata']['version']}" for i in self.report or ())


def differences(pip: Result, safe: Result) -> list[str]:
    """Return where the two ended differently, a line for each place."""
    mine, theirs = dict(_leaves("", safe.report)), dict(_leaves("", pip.report))
    return [
        *_unequal("exit", {"code": safe.exit}, {"code": pip.exit}),
        *_unequal("report", mine, theirs),
        *_unequal("file", safe.files, pip.files),
        *_unequal("output", dict.fromkeys(safe.told, True), dict.fromkeys(pip.told, True)),
    ]


def error_differences(pip: Result, safe: Result) -> list[str]:
    """Return where the two say something else of what is wrong, a line for each line."""
    return list(_unequal("error", dict(enumerate(safe.errors, 1)), dict(enumerate(pip.errors, 1))))


def _unequal(kind: str, mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(mine.keys() | theirs.keys()):
        if mine.get(key) != theirs.get(key):
            yield f"{kind} {key}: safe-pip {mine.get(key)!r}, pip {theirs.get(key)!r}"


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(f"{path}.{key}", inner)
    else:
        yield path, value


class Loader:
    """Lays a case out: indexes on loopback, folders of files, texts, an environment."""

    def __init__(self, case: Case, root: Path) -> None:
        self.case = case
        self.root = root
        self.values = {"root": str(root), "wrong": "0" * 64, "py": f"{sys.version_info.major}{sys.version_info.minor}"}

    def open_indexes(self, stack: ExitStack) -> None:
        indexes = {MAIN: [], **self.case.indexes}
        opened = {name: stack.enter_context(LocalIndex()) for name in indexes}
        for name, index in opened.items():
            port = index.root.rpartition(":")[2]
            self.values |= {name: index.url, f"{name}.files": f"{index.root}/files", f"{name}.port": port}
        for name, told in indexes.items():
            about = told if isinstance(told, dict) else {"files": told}
            opened[name].html = about.get("html", False)
            for spec in about.get("files", ()):
                self._list(name, opened[name], self._spec(spec))
            for path, said in about.get("replies", {}).items():
                opened[name].reply(path, self._reply(said))
            for path, page in about.get("pages", {}).items():
                body = self.filled(page).encode()
                opened[name].reply(path, Reply(status=200, body=body, headers={"Content-Type": "text/html"}))

    def _reply(self, said: int | str) -> Reply:
        """A status, or where the answer is instead."""
        if isinstance(said, int):
            return Reply(status=said)
        return Reply(status=302, headers={"Location": self.filled(said)})

    def lay_out(self) -> None:
        """Make the working directory."""
        self.root.mkdir()
        for folder, specs in self.case.folders.items():
            place = self.root / folder
            place.mkdir(parents=True, exist_ok=True)
            for spec in specs:
                filename, data = self._build(folder, self._spec(spec))
                (place / filename).write_bytes(data)
        for name, text in self.case.files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.filled(text), encoding="utf-8")
        for folder, spec in self.case.trees.items():
            self._plant(self.root / folder, self._spec({"sdist": spec} if isinstance(spec, str) else spec))
        for name, folder in self.case.archives.items():
            members = snapshot(self.root / folder).items()
            data = tar_archive((f"{folder}/{path}", data) for path, data in sorted(members))
            (self.root / name).write_bytes(data)
            self.values[f"sha256:{name}"] = hashlib.sha256(data).hexdigest()
        for folder in self.case.repositories:
            commit_all(self.root / folder)

    def _plant(self, folder: Path, about: dict[str, Any]) -> None:
        with tarfile.open(fileobj=io.BytesIO(self._build("trees", about)[1])) as sdist:
            for member in sdist.getmembers():
                path = folder / member.name.partition("/")[2]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(sdist.extractfile(member).read())  # type: ignore[union-attr]  # files only

    def install_before(self, site_packages: Path) -> None:
        """Put what is installed beforehand into *site_packages*, as an installer does."""
        for spec in self.case.installed:
            _, data = self._build("installed", self._spec(spec))
            with zipfile.ZipFile(io.BytesIO(data)) as wheel:
                wheel.extractall(site_packages)
        for name, said in self.case.site.items():
            path = site_packages / name
            path.parent.mkdir(parents=True, exist_ok=True)
            members = said.items() if isinstance(said, dict) else ()
            path.write_bytes(
                zip_archive((m, t.encode()) for m, t in members) if members else self.filled(said).encode()
            )

    def filled(self, text: str) -> str:
        """Return *text* with its placeholders replaced; other braces stay."""
        return re.sub(r"\{([a-z0-9:./_+-]+)\}", lambda m: self.values.get(m[1], m[0]), text, flags=re.IGNORECASE)

    def _spec(self, spec: Any) -> dict[str, Any]:
        about = dict(spec) if isinstance(spec, dict) else {"wheel": spec}
        kind = "sdist" if "sdist" in about else "wheel"
        head, _, needs = about.pop(kind).partition(" needs ")
        name, version = head.split()
        requires = [self.filled(part) for part in [*about.pop("requires", ()), *needs.split(", ")] if part]
        if "tag" in about:
            about["tag"] = self.filled(about["tag"])
        return {"kind": kind, "name": name, "version": version, "requires": requires, **about}

    def _build(self, place: str, about: dict[str, Any]) -> tuple[str, bytes]:
        make = make_wheel if about["kind"] == "wheel" else make_sdist
        keys = ("extras", "requires_python", "tag", "build", "entry_points", "metadata", "metadata_extra", "contents")
        keys += ("builds", "metadata_version") if about["kind"] == "sdist" else ("record_text", "wheel_version")
        facts = {"files" if key == "contents" else key: about[key] for key in keys if key in about}
        filename, data = make(about["name"], about["version"], about["requires"], **facts)
        filename = about.get("filename", filename)
        for kind in ("md5", "sha256", "sha512"):
            self.values[f"{kind}:{place}/{filename}"] = hashlib.new(kind, data).hexdigest()
        return filename, data

    def _list(self, place: str, index: LocalIndex, about: dict[str, Any]) -> None:
        filename, data = self._build(place, about)
        facts: dict[str, Any] = {key: about[key] for key in ("yanked", "project", "listed", "hashes") if key in about}
        if "hashes" in facts:
            facts["hashes"] = {kind: self.filled(digest) for kind, digest in facts["hashes"].items()}
        if "uploaded" in about:
            facts["upload_time"] = datetime.fromisoformat(about["uploaded"]) if about["uploaded"] else None
        sidecar = about.get("sidecar", True)
        facts["metadata"] = sidecar.encode() if isinstance(sidecar, str) else sidecar
        facts["requires_python"] = about.get("link_requires_python", about.get("requires_python"))
        index.add(filename, data, **facts)


def commit_all(folder: Path) -> None:
    """Make *folder* a git repository with one commit, the same each time."""
    identity = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _COMMITTER.items()}
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, **identity}
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", "-c", "protocol.file.allow=always", *words], cwd=folder, check=True, env=environ)


class Bench:
    """A place where cases are run, one after the other, always at the same paths."""

    def __init__(self, place: Path, pip: Pip) -> None:
        self.place = place
        self.pip = pip
        place.mkdir(parents=True)
        python = str(make_target(place / "target", pip))
        self._pip = Python(python, place / "pip.socket", PIP_MODULES)
        self._safe_pip = Python(sys.executable, place / "safe-pip.socket", SAFE_PIP_MODULES)

    def close(self) -> None:
        """End the processes."""
        self._pip.close()
        self._safe_pip.close()

    def run(self, case: Case) -> tuple[Result, Result]:
        """Run real pip and safe-pip, one after the other."""
        return self.run_as(case, ["-m", "pip"], "from safeinstall.__main__ import main; main()")

    def run_as(self, case: Case, pip: list[str], safe_pip: str) -> tuple[Result, Result]:
        """Run *case* with these two: the words that start pip, and the code that starts safe-pip."""
        with ExitStack() as stack:
            loader = Loader(case, self.place / "work")
            loader.open_indexes(stack)
            start = f"{PREPARE}; forks.start_pip_at({self._pip.address!r})\n"
            return (
                self._run(loader, self._pip, pip),
                self._run(loader, self._safe_pip, ["-c", start + safe_pip]),
            )

    def _run(self, loader: Loader, python: Python, program: list[str]) -> Result:
        case, place = loader.case, self.place
        for name in ("target", "work", "home", "cache", "state"):
            shutil.rmtree(place / name, ignore_errors=True)
        make_target(place / "target", self.pip)
        loader.lay_out()
        loader.install_before(place / "target" / SITE_PACKAGES)
        (place / "policy.toml").write_text("schema = 1\n")
        (place / "pip.conf").write_text(loader.filled(case.config))
        report = place / "report.json"
        report.unlink(missing_ok=True)
        argv = [loader.filled(word) for word in shlex.split(case.argv)]
        if "install" in argv and not {"--report", "--"} & {*argv}:
            argv += ["--report", str(report)]
        with (place / "out").open("w+") as out, (place / "err").open("w+") as err:
            files = {1: out.fileno(), 2: err.fileno()}
            code = Run(
                python.address, [*program, *argv], cwd=str(loader.root), env=_environ(loader, place), files=files
            ).wait()
        stdout = (place / "out").read_text()
        return Result(
            exit=code,
            # pip may have written it before it failed.
            report=_items(json.loads(report.read_text())) if code == 0 and report.exists() else None,
            files={
                f"{name}/{path}": data
                for name in ("target", "work")
                for path, data in snapshot(place / name).items()
                if ".git" not in Path(path).parts  # its files tell when they were made
            },
            told=tuple(TOLD.findall(stdout)),
            stdout=stdout,
            stderr=(place / "err").read_text(),
        )


def _environ(loader: Loader, place: Path) -> dict[str, str]:
    """Return an environment with nothing of this machine's pip in it."""
    config = str(place / "pip.conf") if loader.case.config else os.devnull
    environ = {
        "PATH": f"{place / 'target' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(place / "target"),
        "HOME": str(place / "home"),
        "XDG_CONFIG_DIRS": str(place / "home"),
        "LANG": "C.UTF-8",
        "SAFE_PIP_POLICY": str(place / "policy.toml"),
        "SAFE_PIP_CACHE_DIR": str(place / "cache"),
        "SAFE_PIP_STATE_DIR": str(place / "state"),
        "SAFE_PIP_DEBUG": "1",
        "SSL_CERT_FILE": str(CERTIFICATE),  # one authority, not all that a run would have to read
        "PIP_CONFIG_FILE": config,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_CACHE_DIR": str(place / "home" / "pip"),  # else wheels that an earlier case has built
        "PIP_INDEX_URL": loader.values[MAIN],
    }
    environ |= {name: loader.filled(value) for name, value in loader.case.environ.items()}
    return {name: value for name, value in environ.items() if value}


def _items(report: Mapping[str, Any]) -> list[Any]:
    return sorted(report["install"], key=lambda item: item["metadata"]["name"])
