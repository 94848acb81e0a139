"""Metadata that only a build can tell: asked of pip itself, over judged build requirements, without network.

Building runs what the file's author wrote, so this is reached only for files that the policy has let pass.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeinstall.errors import EXIT_DENIED, IntegrityError, UnsatisfiableError
from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.metadata import parse_metadata_json
from safeinstall.plan.verified import SourceTree
from safeinstall.request.requirements import requested_commit
from safeinstall.sources.network.urls import is_local, local_path
from safeinstall.sources.pip.host import HostedPip
from safeinstall.sources.pip.hosted import REFUSAL
from safeinstall.sources.places.temporary import private_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from safeinstall.facts.artifact import Artifact, HeldArtifact, Metadata
    from safeinstall.plan.verified import Buildable, VerifiedBytes
    from safeinstall.request.invocation import Invocation
    from safeinstall.sources.pip.host import Reply

CANNOT_ISOLATE = "builds run with network: neither user namespaces nor bubblewrap can be used here"
_TAIL = 12
"""Lines of a failed build that are shown."""


@cache
def isolation() -> tuple[str, ...]:
    """Return the command under which a program runs without network; empty where this machine has no such means."""
    tries = (
        ("unshare", "--user", "--map-current-user", "--net", "--"),
        ("unshare", "--user", "--map-root-user", "--net", "--"),
        ("bwrap", "--dev-bind", "/", "/", "--unshare-net", "--"),
    )
    return next((prefix for prefix in tries if shutil.which(prefix[0]) and _works([*prefix, "true"])), ())


def _works(command: Sequence[str]) -> bool:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=30)
    return done.returncode == 0


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return *environ* for a pip that shall take nothing from it."""
    kept = {name: value for name, value in environ.items() if not name.startswith(("PIP_", "_PIP_"))}
    return kept | {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


@dataclass(slots=True)
class Builder:
    """Asks the target's pip for the metadata of one file or tree."""

    invocation: Invocation
    environ: Mapping[str, str]
    index_url: Callable[[], str]
    """Of the stage, where build requirements are put."""
    obtain: Callable[[HeldArtifact], VerifiedBytes]
    """Fetches and verifies a file."""
    reply: Reply
    """To what the pip that builds asks (``HostedPip.proceed``)."""
    raise_problem: Callable[[], None]
    """Raises what spoke against a build requirement, if anything did."""
    commits: dict[str, str] = field(default_factory=dict)
    """By URL of a repository: the commit that was looked at."""
    notices: dict[str, None] = field(default_factory=dict)
    before: Callable[[], None] = lambda: None
    """Called before anything of a file or tree is run: raises what speaks against it."""
    _built: dict[HeldArtifact, Metadata] = field(default_factory=dict)

    def verify(self, artifact: HeldArtifact) -> Buildable:
        """See :class:`~safeinstall.ports.BuildSource`."""
        return self.obtain(artifact) if artifact.kind is ArtifactKind.SDIST else SourceTree(artifact)

    def build(self, source: Buildable) -> Metadata:
        """Return the metadata of *source* after what pip calls "preparing metadata". Builds once.

        Raises ``UnsatisfiableError`` when the build fails: pip stops then too; ``IntegrityError`` for a repository that
        is not at the commit that was asked for.
        """
        if source.artifact not in self._built:
            self._built[source.artifact] = self._build(source)
        return self._built[source.artifact]

    def commits_of(self, artifacts: Iterable[Artifact]) -> dict[str, str]:
        """Return, by address, the commit at which each repository must be: as it was asked for, or looked at before."""
        asked = {a.url: commit for a in artifacts if a.kind is ArtifactKind.VCS and (commit := requested_commit(a.url))}
        return {**self.commits, **asked}

    def _build(self, source: Buildable) -> Metadata:
        self.before()
        if not isolation():
            self.notices[CANNOT_ISOLATE] = None
        with private_directory() as (folder, _):
            report = folder / "report.json"
            output = folder / "output.txt"
            status = self._run(source, report, output)
            self.raise_problem()
            if status == EXIT_DENIED:
                raise IntegrityError(_refused(output), hint="ask for a commit, not for a name like one")
            if status:
                raise UnsatisfiableError(_failure(source.artifact, output))
            return self._read(source.artifact, json.loads(report.read_text(encoding="utf-8")))

    def _run(self, source: Buildable, report: Path, output: Path) -> int:
        argv = ["install", "--dry-run", "--ignore-installed", "--no-deps", "--no-cache-dir", "--report", str(report)]
        if not self.invocation.option("build_isolation"):
            argv.append("--no-build-isolation")
        environ = clean_environment(self.environ)
        with (
            output.open("wb") as sink,
            HostedPip.start(
                [*argv, *self._settings(), _place(source)],
                environ,
                python=self.invocation.python,
                output=sink.fileno(),
            ) as pip,
        ):
            if pip.describe() is None:
                return pip.wait()
            return pip.proceed(self._answer(source), self.reply)

    def _settings(self) -> list[str]:
        found: list[str] = []
        for key, value in (self.invocation.option("config_settings") or {}).items():
            for one in value if isinstance(value, list) else [value]:
                found += ["--config-settings", f"{key}={one}"]
        return found

    def _answer(self, source: Buildable) -> dict[str, Any]:
        return {
            "nested": True,
            "index": self.index_url(),
            "downloaded": {},
            "pins": [],
            "digests": {},
            "files": {},
            "options": {"cache_dir": None},
            "isolation": list(isolation()),
            "commits": self.commits_of([source.artifact]),
        }

    def _read(self, artifact: Artifact, report: Mapping[str, Any]) -> Metadata:
        item = report["install"][0]
        commit = item["download_info"].get("vcs_info", {}).get("commit_id")
        if commit:
            self.commits[artifact.url] = commit
        return parse_metadata_json(item["metadata"])


def _place(source: Buildable) -> str:
    """Return what the nested pip is asked for.

    Raises ``IntegrityError`` for a subdirectory that is no folder inside.
    """
    artifact = source.artifact
    if not artifact.subdirectory:
        return artifact.url if isinstance(source, SourceTree) else source.path
    _check_subdirectory(artifact)
    address = _resolved(artifact.url) if isinstance(source, SourceTree) else Path(source.path).as_uri()
    return f"{address}#subdirectory={artifact.subdirectory}"


def _resolved(url: str) -> str:
    """Return *url* without ``../``: with it, pip forgets the folder (pip: req/constructors.py)."""
    return local_path(url).resolve().as_uri() if is_local(url) else url


def _check_subdirectory(artifact: Artifact) -> None:
    inside = artifact.subdirectory
    # What pip strips, cuts off as a marker or drops from a link would be another folder when it builds again.
    is_plain = inside.isprintable() and inside == inside.strip() and ";" not in inside
    if not is_plain or inside.startswith("/") or "\\" in inside or ".." in inside.split("/"):
        raise IntegrityError(
            f"{artifact.source.display} asks to build {inside!r}, which is no folder inside it",
            hint="name the folder relative to the root: #subdirectory=path/to/project",
        )


def _refused(output: Path) -> str:
    """Return what the host said when it left."""
    said = output.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.removeprefix(REFUSAL) for line in said if line.startswith(REFUSAL)), "the build was refused")


def _failure(artifact: Artifact, output: Path) -> str:
    lines = output.read_text(encoding="utf-8", errors="replace").splitlines()
    told = "\n".join(f"  {line}" for line in lines[-_TAIL:])
    return f"the metadata of {artifact.filename} cannot be had, its build failed:\n{told}"
