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
from typing import TYPE_CHECKING, Any

from safeinstall.errors import MetadataDynamicError, UnsatisfiableError
from safeinstall.metadata import parse_metadata_json
from safeinstall.models import ArtifactKind, SourceKind
from safeinstall.sources.pip import HostedPip
from safeinstall.sources.temporary import private_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from packaging.utils import NormalizedName

    from safeinstall.invocation import Invocation
    from safeinstall.models import Artifact, Metadata
    from safeinstall.ports import IndexSource, ProjectPage

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
    obtain: Callable[[Artifact], Path]
    """Fetches and verifies an index's file."""
    on_build: Callable[[Sequence[str]], bool]
    raise_problem: Callable[[], None]
    """Raises what spoke against a build requirement, if anything did."""
    commits: dict[str, str] = field(default_factory=dict)
    """By URL of a repository: the commit that was looked at."""
    notices: dict[str, None] = field(default_factory=dict)

    def metadata(self, artifact: Artifact) -> Metadata:
        """Return the metadata of *artifact* after what pip calls "preparing metadata".

        Raises ``UnsatisfiableError`` when the build fails: pip stops then too.
        """
        if not isolation():
            self.notices[CANNOT_ISOLATE] = None
        with private_directory() as (folder, _):
            report = folder / "report.json"
            output = folder / "output.txt"
            status = self._run(artifact, report, output)
            self.raise_problem()
            if status:
                raise UnsatisfiableError(_failure(artifact, output))
            return self._read(artifact, json.loads(report.read_text(encoding="utf-8")))

    def _run(self, artifact: Artifact, report: Path, output: Path) -> int:
        argv = ["install", "--dry-run", "--ignore-installed", "--no-deps", "--no-cache-dir", "--report", str(report)]
        if not self.invocation.option("build_isolation"):
            argv.append("--no-build-isolation")
        environ = clean_environment(self.environ)
        with (
            output.open("wb") as sink,
            HostedPip.start(
                [*argv, *self._settings(), self._place(artifact)],
                environ,
                python=self.invocation.python,
                output=sink.fileno(),
            ) as pip,
        ):
            if pip.describe() is None:
                return pip.wait()
            return pip.proceed(self._answer(), self.on_build)

    def _settings(self) -> list[str]:
        found: list[str] = []
        for key, value in (self.invocation.option("config_settings") or {}).items():
            for one in value if isinstance(value, list) else [value]:
                found += ["--config-settings", f"{key}={one}"]
        return found

    def _place(self, artifact: Artifact) -> str:
        if artifact.kind is ArtifactKind.SDIST and artifact.source.kind is not SourceKind.DIRECT:
            return str(self.obtain(artifact))
        if artifact.kind is ArtifactKind.SDIST and not artifact.url.startswith("file:"):
            return str(self.obtain(artifact))
        return artifact.url

    def _answer(self) -> dict[str, Any]:
        return {
            "nested": True,
            "index": self.index_url(),
            "downloaded": {},
            "pins": [],
            "digests": {},
            "files": {},
            "options": {"cache_dir": None},
            "isolation": list(isolation()),
            "commits": self.commits,
        }

    def _read(self, artifact: Artifact, report: Mapping[str, Any]) -> Metadata:
        item = report["install"][0]
        commit = item["download_info"].get("vcs_info", {}).get("commit_id")
        if commit:
            self.commits[artifact.url] = commit
        return parse_metadata_json(item["metadata"])


def _failure(artifact: Artifact, output: Path) -> str:
    lines = output.read_text(encoding="utf-8", errors="replace").splitlines()
    told = "\n".join(f"  {line}" for line in lines[-_TAIL:])
    return f"the metadata of {artifact.filename} cannot be had, its build failed:\n{told}"


@dataclass(slots=True)
class BuildingIndex:
    """An :class:`~safeinstall.ports.IndexSource` that builds where its inner one cannot tell without."""

    inner: IndexSource
    builder: Builder
    _built: dict[tuple[str, str], Metadata] = field(default_factory=dict)

    def pages(self, name: NormalizedName) -> tuple[ProjectPage, ...]:
        """See :class:`~safeinstall.ports.IndexSource`."""
        return self.inner.pages(name)

    def prefetch_pages(self, name: NormalizedName) -> None:
        """See :class:`~safeinstall.ports.IndexSource`."""
        self.inner.prefetch_pages(name)

    def prefetch_metadata(self, artifact: Artifact) -> None:
        """Never builds: a guess must not run anything."""
        if artifact.kind not in (ArtifactKind.TREE, ArtifactKind.VCS):
            self.inner.prefetch_metadata(artifact)

    def metadata(self, artifact: Artifact) -> Metadata:
        """See :class:`~safeinstall.ports.IndexSource`; builds, once, if that is the only way."""
        try:
            return self.inner.metadata(artifact)
        except MetadataDynamicError:
            pass
        key = (artifact.url, artifact.source.url)
        if key not in self._built:
            self._built[key] = self.builder.metadata(artifact)
        return self._built[key]
