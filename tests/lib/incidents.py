"""Incidents of the past, replayed: what a user of each preset would have met who asked at a certain hour.

The whole way from the requirements to pip is the program's own (``pipeline.run``). Only the world is made: an index in
memory, which lists what was uploaded by then; advisories, in a real database; and inert wheels, which are opened as any
other. No file is ever taken down here: nobody has noticed, or a mirror has kept it.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from lib.policies import read_preset
from lib.provenance import attested, github
from lib.wheels import core_metadata, make_sdist, make_wheel
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from safeinstall import pipeline
from safeinstall.errors import MetadataDynamicError
from safeinstall.facts.artifact import InstalledDistribution, Source, SourceKind
from safeinstall.facts.finding import Level
from safeinstall.facts.metadata import parse_metadata
from safeinstall.facts.values import Missing
from safeinstall.plan.plan import _SEAL, VerifiedFile, VerifiedPlan
from safeinstall.policy.load import parse_policy
from safeinstall.ports import ListedFile, ProjectPage
from safeinstall.request.invocation import ConfiguredSources, Invocation, Selection
from safeinstall.request.requirements import Root
from safeinstall.resolve.search.reporter import Nobody
from safeinstall.sources.advisories.database import AdvisoryDatabase, open_advisories
from safeinstall.sources.archives.archives import check_wheel
from safeinstall.sources.index.popular_names import popular_names, required_names

try:
    import tomllib
except ModuleNotFoundError:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safeinstall.facts.provenance import Provenance, Publisher
    from safeinstall.policy.model import Policy
    from safeinstall.resolve.outcome import Outcome

CASES = Path(__file__).parents[1] / "incidents" / "cases"
PRESETS = ("baseline", "strict", "locked")
HOUR = timedelta(hours=1)
AGES = {"0 h": 0 * HOUR, "6 h": 6 * HOUR, "1 d": 24 * HOUR, "3 d": 72 * HOUR, "7 d": 168 * HOUR, "30 d": 720 * HOUR}
REPORTED = "reported"
"""When the last of an incident's advisories was there. At the ages before, nobody has noticed anything yet."""
UNREPORTED = "-"
COLUMNS = (*AGES, REPORTED)
NOT_STOPPED = "not stopped"
_INDEXES = {
    name: Source(kind=SourceKind.INDEX, url=f"https://{name}.example/simple/", name=name)
    for name in ("default", "extra")
}
_OF_ANOTHER = {
    "id": "PYSEC-2000-1",
    "published": datetime(2000, 1, 1, tzinfo=timezone.utc),
    "name": "another-project",
    "summary": "what is in every dump: one without records is taken for none",
}
_TAGS = ("cp311-cp311-manylinux2014_x86_64", "py3-none-any", "py2-none-any")


@dataclass(frozen=True, kw_only=True)
class File:
    """One file that an index listed, with an inert stand-in for what was in it."""

    filename: str
    data: bytes
    project: str
    version: Version
    uploaded: datetime
    index: str
    malicious: bool
    attested: Publisher | None
    """Who attested it, as the index said."""

    @property
    def listed(self) -> ListedFile:
        """As the index lists it."""
        url, sha256 = f"https://files.example/{self.index}/{self.filename}", hashlib.sha256(self.data).hexdigest()
        return ListedFile(
            filename=self.filename,
            url=url,
            hashes={"sha256": sha256},
            upload_time=self.uploaded,
            size=len(self.data),
            provenance=f"{url}/provenance" if self.attested else None,
        )


@dataclass(frozen=True, kw_only=True)
class Incident:
    """The public facts of one incident."""

    id: str
    title: str
    kind: str
    what: str
    payload: str
    exactness: str
    """Which of the facts are exact, and which approximate."""
    asks: tuple[str, ...]
    """The requirements of the user."""
    installed: str
    """``NAME VERSION`` of what the user has and upgrades; empty for one who types the name."""
    files: tuple[File, ...]
    records: tuple[Mapping[str, Any], ...]
    """OSV records, without what is the same in all."""
    expected: Mapping[str, list[str]]
    """What follows at each of :data:`COLUMNS`, by preset."""

    @property
    def began(self) -> datetime:
        """When the first malicious file was uploaded: ages are counted from here."""
        return min(file.uploaded for file in self.files if file.malicious)

    @property
    def reported(self) -> datetime | None:
        """When the last advisory was there; ``None`` if none is known."""
        return max((record["published"] for record in self.records), default=None)


def read_incident(path: Path) -> Incident:
    """Return the incident of a file of :data:`CASES`."""
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    return Incident(
        id=path.stem,
        title=said["title"],
        kind=said["kind"],
        what=said["what"],
        payload=said["payload"],
        exactness=said["exactness"],
        asks=tuple(said["asks"]),
        installed=said.get("installed", ""),
        files=tuple(map(_file, said["files"])),
        records=tuple(said.get("records", ())),
        expected=said.get("expected", {}),
    )


def read_incidents() -> list[Incident]:
    """Return all of them, in the order of their file names."""
    return [read_incident(path) for path in sorted(CASES.glob("*.toml"))]


def _file(said: dict[str, Any]) -> File:
    kind = "wheel" if "wheel" in said else "sdist"
    name, version = said[kind].split()
    requires = said.get("requires", [])
    if kind == "sdist":
        filename, data = make_sdist(name, version, requires, files=said.get("contents"), setup_py=said.get("setup_py"))
    else:
        made = {"files": said.get("contents"), "entry_points": said.get("entry_points")}
        filename, data = make_wheel(name, version, requires, **made)
    return File(
        filename=filename,
        data=data,
        project=canonicalize_name(name),
        version=Version(version),
        uploaded=said["uploaded"],
        index=said.get("index", "default"),
        malicious=said.get("malicious", False),
        attested=github(**said["attested"]) if "attested" in said else None,
    )


class Replay:
    """Replays incidents below a directory of its own."""

    def __init__(self, place: Path) -> None:
        """Keep what is made in *place*."""
        self._place = place
        self._policies = {name: parse_policy(read_preset(name).text, file=name, read=read_preset) for name in PRESETS}
        self._databases: dict[str, AdvisoryDatabase] = {}

    def close(self) -> None:
        """Close what was opened."""
        for database in self._databases.values():
            database.close()

    def table(self, incident: Incident) -> dict[str, list[str]]:
        """Return what follows at each of :data:`COLUMNS`, by preset."""
        return {preset: [self.cell(incident, preset, column) for column in COLUMNS] for preset in PRESETS}

    def cell(self, incident: Incident, preset: str, column: str) -> str:
        """Return in words what the user would have met; :data:`UNREPORTED` where no advisory is known."""
        if column in AGES:
            return _in_words(incident, self.run(incident, preset, incident.began + AGES[column], ()))
        if incident.reported is None:
            return UNREPORTED
        return _in_words(incident, self.run(incident, preset, incident.reported, incident.records))

    def run(self, incident: Incident, preset: str, as_of: datetime, records: tuple[Mapping[str, Any], ...]) -> Outcome:
        """Carry out the user's command as of then, with these advisories."""
        return self._run(incident, self._policies[preset], as_of, records)

    def by_provenance(self, incident: Incident) -> str:
        """Return in words what the user would have met at age zero, by ``strict`` without ages and advisories."""
        policy = self._policies["strict"].without(frozenset({"minimum-age", "malware", "vulnerability"}))
        return _in_words(incident, self._run(incident, policy, incident.began, ()))

    def _run(
        self, incident: Incident, policy: Policy, as_of: datetime, records: tuple[Mapping[str, Any], ...]
    ) -> Outcome:
        world: Any = _World(incident, as_of, self._advisories(records), self._place)
        with _names_read_once():
            return pipeline.run(_invocation(incident), policy, world, as_of)

    def _advisories(self, records: tuple[Mapping[str, Any], ...]) -> AdvisoryDatabase:
        key = " ".join(sorted(record["id"] for record in records)) or "none"
        if key not in self._databases:
            dump = self._place / f"{hashlib.sha256(key.encode()).hexdigest()}.zip"
            dump.write_bytes(dump_of(records))
            self._databases[key] = open_advisories([dump], self._place)
        return self._databases[key]


def dump_of(records: tuple[Mapping[str, Any], ...]) -> bytes:
    """Return a dump of OSV with these records."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for record in (_OF_ANOTHER, *records):
            archive.writestr(f"{record['id']}.json", json.dumps(_osv(record)))
    return buffer.getvalue()


def is_in(cell: str) -> bool:
    """Whether a cell of the table says that a malicious file would have been installed."""
    return cell == NOT_STOPPED or cell.startswith("warned")


def _osv(record: Mapping[str, Any]) -> dict[str, Any]:
    published = record["published"].strftime("%Y-%m-%dT%H:%M:%SZ")
    affected: dict[str, Any] = {"package": {"ecosystem": "PyPI", "name": record["name"]}}
    if "versions" in record:
        affected["versions"] = record["versions"]
    else:
        last = [{"last_affected": record["last"]}] if "last" in record else []
        affected["ranges"] = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, *last]}]
    return {
        "id": record["id"],
        "published": published,
        "modified": published,
        "aliases": record.get("aliases", []),
        "summary": record["summary"],
        "affected": [affected],
    }


@contextmanager
def _names_read_once() -> Iterator[None]:
    """Let all runs compare with one list of popular names, which takes a while to prepare."""
    with patch.object(pipeline, "Lookalikes", _LOOKALIKES):
        yield


_LOOKALIKES = functools.cache(pipeline.Lookalikes)
_POPULAR, _REQUIRED = popular_names(), required_names()


@dataclass(eq=False)
class _World:
    """The world of one run, as :class:`safeinstall.pipeline.World` has it: its own index, and nothing to install to."""

    incident: Incident
    as_of: datetime
    advisories: AdvisoryDatabase
    place: Path
    builds: Any = None
    """Not there: no preset lets a source distribution be built."""
    onlooker: Nobody = field(default_factory=Nobody)

    @property
    def index(self) -> _World:
        return self

    @property
    def provenance(self) -> _Attestations:
        return _Attestations(self.incident)

    @property
    def origins(self) -> _Origins:
        return _Origins()

    def pages(self, name: str) -> tuple[ProjectPage, ...]:
        listed = [file for file in self.incident.files if file.project == name and file.uploaded <= self.as_of]
        return tuple(
            ProjectPage(
                source=source,
                files=tuple(file.listed for file in listed if file.index == index),
                first_upload=min(file.uploaded for file in listed if file.index == index),
            )
            for index, source in _INDEXES.items()
            if any(file.index == index for file in listed)
        )

    def metadata(self, artifact: Any) -> Any:
        if not artifact.filename.endswith(".whl"):
            raise MetadataDynamicError("only a build can tell")
        found = check_wheel(self._on_disk(artifact), artifact.filename).metadata
        return parse_metadata(found or b"", name=artifact.name, version=artifact.version)

    def fetch(self, plan: Any) -> VerifiedPlan:
        return VerifiedPlan(plan, tuple(map(self._verified, plan.files)), _SEAL)

    def _verified(self, pin: Any) -> VerifiedFile:
        path = self._on_disk(pin.artifact)
        layout = check_wheel(path, path.name).layout
        return VerifiedFile(pin=pin, path=str(path), sha256=pin.artifact.sha256, size=pin.artifact.size, layout=layout)

    def _on_disk(self, artifact: Any) -> Path:
        path = self.place / artifact.filename
        if not path.exists():
            path.write_bytes(_of(self.incident, artifact).data)
        return path

    def installed(self, name: str) -> InstalledDistribution | None:
        project, _, version = self.incident.installed.partition(" ")
        if not project or canonicalize_name(project) != name:
            return None
        has = canonicalize_name(project), Version(version)
        metadata = parse_metadata(core_metadata(project, version).encode(), name=has[0], version=has[1])
        return InstalledDistribution(name=has[0], version=has[1], metadata=metadata)

    def popular_names(self) -> tuple[str, ...]:
        return _POPULAR

    def required_names(self) -> dict[Any, Any]:
        return _REQUIRED

    def overlaps(self, _verified: object) -> dict[Any, Any]:
        return {}

    def install(self, *_: object) -> int:
        return 0

    def prefetch_pages(self, *_: object) -> None: ...

    prefetch_metadata = fetch_ahead = listen = build_with = open_reference = prefetch_pages


@dataclass(eq=False)
class _Attestations:
    """What the index said of who had uploaded."""

    incident: Incident

    def provenance(self, artifact: Any, *, verify: bool) -> Provenance:
        return attested(_of(self.incident, artifact).attested, verified=verify)

    def prefetch_provenance(self, _: object) -> None: ...


def _invocation(incident: Incident) -> Invocation:
    return Invocation(
        command="install",
        pip_version="26.3",
        python="python3",
        prefix="env",
        markers={key: str(value) for key, value in default_environment().items()},
        roots=tuple(_root(text) for text in incident.asks),
        constraints=(),
        build_constraints=(),
        locked={},
        sources=ConfiguredSources(
            index_urls=tuple(source.url for source in _INDEXES.values()),
            find_links=(),
            default_index=_INDEXES["default"].url,
        ),
        selection=Selection(tags=_TAGS, python=Version("3.11")),
        upgrade_strategy="only-if-needed" if incident.installed else "to-satisfy-only",
        installed=(),
        options={},
        externals={},
    )


def _root(text: str) -> Root:
    asked = Requirement(text)
    name = canonicalize_name(asked.name)
    return Root(name=name, specifier=asked.specifier, text=text, literal_name=asked.name)


def _of(incident: Incident, artifact: Any) -> File:
    return next(file for file in incident.files if file.listed.url == artifact.url)


def _in_words(incident: Incident, outcome: Outcome) -> str:
    """Say whether a malicious file got in; else by which rules, and what the user has then.

    The rules are those that denied malicious files; where it did not come to these, those that denied what leads there.
    """
    pins = () if outcome.refused else outcome.resolved.pins
    if inside := [pin for pin in pins if _of(incident, pin.artifact).malicious]:
        warned = sorted({f.rule for pin in inside for f in pin.verdict.findings if f.level is Level.WARN})
        return f"warned: {', '.join(warned)}" if warned else NOT_STOPPED
    verdicts = (*outcome.result.hidden, *(outcome.refused.verdicts if outcome.refused else ()))
    of_it = [verdict for verdict in verdicts if _of(incident, verdict.artifact).malicious]
    denials = {finding.rule for verdict in of_it or verdicts for finding in verdict.denials}
    met = f"denied: {', '.join(sorted(denials))}" if denials else "not met"
    return f"{met}; {_left(incident, outcome)}"


def _left(incident: Incident, outcome: Outcome) -> str:
    """Say what the user has in the end of the project that was attacked."""
    if outcome.refused:
        return "nothing"
    attacked = {file.project for file in incident.files if file.malicious}
    taken = [f"{pin.artifact.version} taken" for pin in outcome.resolved.pins if pin.artifact.name in attacked]
    kept = [f"{kept.version} stays" for kept in outcome.resolved.kept if kept.name in attacked]
    return ", ".join(taken or kept) or "without it"


class _Origins:
    """What files were made of: no source says it of a file that is long gone."""

    def origin(self, *_: object) -> Missing:
        return Missing("what it was made of is not told")

    def prefetch_origin(self, *_: object) -> None: ...
