"""Made-up histories of projects that always publish in the same way, file by file, and what a rule says at age zero."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import cached_property

from lib.facts import SHA, artifact
from lib.provenance import attested, github

from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.evidence import Evidence
from safeinstall.facts.provenance import Precedent, Unattested
from safeinstall.judge.precedents import earlier_file

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PLATFORMS = (
    "manylinux_2_17_x86_64.manylinux2014_x86_64",
    "manylinux_2_17_aarch64.manylinux2014_aarch64",
    "musllinux_1_2_x86_64",
    "macosx_11_0_arm64",
    "macosx_10_9_x86_64",
    "win_amd64",
)
PYTHONS = ("cp39", "cp310", "cp311", "cp312", "cp313", "cp314")
SDIST = "sdist"
OURS = github("acme/app", environment="pypi")


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One file, from its upload on."""

    filename: str
    version: str
    time: datetime
    by: object = None
    """Its publisher; ``None``: nobody has attested it."""
    yanked: datetime | None = None

    @cached_property
    def _listed(self):
        return artifact(
            f"acme=={self.version}",
            kind=ArtifactKind.WHEEL if self.filename.endswith(".whl") else ArtifactKind.SDIST,
            upload_time=self.time,
            hashes={"sha256": SHA},
            provenance=f"https://packages.example/{self.filename}" if self.by else None,
        )

    @cached_property
    def _standing(self):
        return replace(self._listed, filename=self.filename, url=f"https://files.example/{self.filename}")

    @cached_property
    def _taken_back(self):
        return replace(self._standing, yanked="")

    def artifact(self, as_of):
        """As its index lists it then."""
        return self._taken_back if self.yanked is not None and self.yanked <= as_of else self._standing


def filename(version, platform, python="cp311"):
    if platform == SDIST:
        return f"acme-{version}.tar.gz"
    if platform == "any":
        return f"acme-{version}-py3-none-any.whl"
    return f"acme-{version}-{python}-{python}-{platform}.whl"


@dataclass
class History:
    """Releases of one project, whose workflow never changes; some platforms are built by hand, and never attested."""

    seed: int
    releases: int = 200
    uploads: list = field(default_factory=list)

    @property
    def settled(self):
        """What was uploaded after its tenth attested release."""
        times = sorted({upload.version: upload.time for upload in reversed(self.uploads) if upload.by}.values())
        return [upload for upload in self.uploads if upload.time >= times[10]]

    def __post_init__(self):
        self.random = random.Random(self.seed)
        draw = self.random
        self.platforms = draw.sample(PLATFORMS, draw.randint(1, 4)) if draw.random() < 0.7 else ["any"]
        self.by_hand = {one for one in self.platforms[1:] if draw.random() < 0.3}
        self.has_sdist = len(self.platforms) == 1 or draw.random() < 0.8
        if self.has_sdist and draw.random() < 0.1:
            self.by_hand.add(SDIST)
        self._made()
        self.uploads.sort(key=lambda upload: upload.time)

    def _made(self):
        draw, now = self.random, datetime(2024, 1, 1, tzinfo=timezone.utc)
        attests_from, line = draw.randint(0, 8), {"2": 0, "1": 40}
        pythons = 2
        for number in range(self.releases + 20 + attests_from):
            now += draw.choice((draw.randint(5, 50) * MINUTE, draw.randint(1, 20) * DAY, draw.randint(2, 30) * HOUR))
            major = "1" if draw.random() < 0.15 else "2"
            line[major] += 1
            version = f"{major}.{line[major]}" + ("rc1" if draw.random() < 0.05 else "")
            if draw.random() < 0.02:
                pythons = min(pythons + 1, len(PYTHONS))
            self._release(version, now, PYTHONS[pythons - 2 : pythons], attests=number >= attests_from)

    def _release(self, version, now, pythons, *, attests):
        draw = self.random
        yanked = now + draw.randint(1, 90) * HOUR if draw.random() < 0.06 else None
        for platform in ([SDIST] if self.has_sdist else []) + self.platforms:
            if platform != self.platforms[0] and draw.random() < 0.05:
                continue  # this time its build has failed
            is_by_hand = platform in self.by_hand
            time = now + draw.randint(1, 20) * MINUTE + (draw.choice((3 * HOUR, 7 * DAY)) if is_by_hand else 0 * HOUR)
            for python in pythons if platform not in (SDIST, "any") else ("",):
                time += draw.randint(1, 90) * timedelta(seconds=1)
                by = OURS if attests and not is_by_hand else None
                name = filename(version, platform, python)
                self.uploads.append(Upload(filename=name, version=version, time=time, by=by, yanked=yanked))
        if draw.random() < 0.1 and self.platforms != ["any"]:  # wheels for the next Python, a week later
            name = filename(version, self.platforms[0], "cp315")
            by = OURS if attests else None
            self.uploads.append(Upload(filename=name, version=version, time=now + 7 * DAY, by=by, yanked=yanked))


def said(rule, history, upload, minimum_age):
    """What *rule* says of *upload* as soon as it is there."""
    as_of = upload.time
    listed = [one.artifact(as_of) for one in history.uploads if one.time <= as_of and one.filename != upload.filename]
    earlier = earlier_file(upload.artifact(as_of), listed, as_of, minimum_age)
    by = {one.filename: one.by for one in history.uploads}
    evidence = Evidence(
        artifact=upload.artifact(as_of),
        as_of=as_of,
        requested=True,
        upload_time=as_of,
        sha256=SHA,
        provenance=_fact(upload.by),
        precedent=earlier
        and Precedent(
            version=earlier.artifact.version,
            filename=earlier.artifact.filename,
            upload_time=earlier.upload_time,
            provenance=_fact(by[earlier.artifact.filename]),
            since=earlier.since,
            carried=earlier.carried,
        ),
    )
    return list(rule.check(evidence))


def _fact(publisher):
    return attested(publisher) if publisher else Unattested()
