from __future__ import annotations

import os
from dataclasses import replace
from hashlib import sha256

import pytest
from lib.facts import artifact
from lib.repositories import Repository
from lib.wheels import make_sdist, make_wheel, zip_archive

from safeinstall.errors import SourceError
from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.origins.origin import AttestedCommit, Explained, Origin, Unfound
from safeinstall.facts.values import Missing
from safeinstall.plan.verified import _SEAL, VerifiedBytes
from safeinstall.sources.origin.kept import KeptComparisons
from safeinstall.sources.origin.origins import Comparer

CODE, EVIL = "def run():\n    return 1\n", "import acme.a\n"
NONE = Missing("there is no source distribution of acme 1.0")
ATTESTED = "https://github.example/acme/app"


class Files:
    """Files on this disk, and which were asked for."""

    def __init__(self, folder):
        self.folder, self.asked = folder, []

    def add(self, filename, data, kind):
        (self.folder / filename).write_bytes(data)
        made = artifact("acme==1.0", kind=kind, hashes={"sha256": sha256(data).hexdigest()})
        return replace(made, filename=filename, url=f"https://files.example/{filename}")

    def obtain(self, file):
        self.asked.append(file.filename)
        path = self.folder / file.filename
        if not path.exists():
            raise SourceError(f"{file.filename} does not come")
        return VerifiedBytes(file, str(path), file.sha256, path.stat().st_size, True, _SEAL)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "files").mkdir()
    return Files(tmp_path / "files")


@pytest.fixture
def comparer(files, tmp_path):
    mirrors = {"https://github.example/": f"{tmp_path}/"}
    with Comparer(files.obtain, files.obtain, KeptComparisons(tmp_path / "kept"), mirrors, os.environ) as made:
        yield made


def wheel(files, members, **made):
    return files.add(*make_wheel("acme", "1.0", files=members, **made), ArtifactKind.WHEEL)


def sdist(files, members, **made):
    return files.add(*make_sdist("acme", "1.0", files=members, **made), ArtifactKind.SDIST)


def lost(path, **fields):
    return Unfound(path=path, **{"differs": False, "runs": True, **fields})


def test_a_wheel_against_its_source_distribution(files, comparer):
    one = wheel(files, {"acme/a.py": CODE, "acme/b.py": EVIL, "acme/_version.py": "version = '1'"})
    two = sdist(files, {"src/acme/a.py": CODE})
    assert comparer.origin(one, two, None) == Origin(
        sources=("acme-1.0.tar.gz",),
        unfound=(lost("acme/_version.py", explained=Explained.VERSION), lost("acme/b.py")),
    )


def test_each_is_read_once(files, comparer):
    one, two = wheel(files, {"acme/a.py": CODE}), sdist(files, {"acme/a.py": CODE})
    comparer.prefetch_origin(one, two)
    assert comparer.origin(one, two, None) == comparer.origin(one, two, None)
    assert sorted(files.asked) == ["acme-1.0-py3-none-any.whl", "acme-1.0.tar.gz"]


def test_what_is_kept_is_not_done_again(files, comparer, tmp_path):
    one, two = wheel(files, {"acme/b.py": EVIL, "acme/a.py": CODE}), sdist(files, {"acme/c.py": CODE})
    before = comparer.with_sdist(one, two)
    assert [each.elsewhere for each in before.told] == ["acme/c.py", ""]
    files.asked.clear()
    with Comparer(files.obtain, files.obtain, KeptComparisons(tmp_path / "kept"), {}, {}) as again:
        assert again.with_sdist(one, two) == before
    assert files.asked == []


def test_but_what_somebody_else_kept_is(files, comparer, tmp_path):
    one, two = wheel(files, {"acme/b.py": EVIL}), sdist(files, {"acme/a.py": CODE})
    before = comparer.with_sdist(one, two)
    (kept,) = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    _, said, text = kept.read_bytes().split(b"\n")
    forged = said + b"\n" + text.replace(b"acme/b.py", b"acme/a.py")
    kept.write_bytes(sha256(forged).hexdigest().encode() + b"\n" + forged)
    files.asked.clear()
    with Comparer(files.obtain, files.obtain, KeptComparisons(tmp_path / "kept"), {}, {}) as again:
        assert again.with_sdist(one, two) == before
    assert len(files.asked) == 2


def test_a_zip_of_sources_and_a_wheel_for_a_platform(files, comparer):
    one = wheel(files, {"acme/a.py": CODE, "acme/b.so": b"\x7fELF"}, tag="cp311-cp311-linux_x86_64")
    two = files.add("acme-1.0.zip", zip_archive([("acme-1.0/acme/a.py", CODE.encode())]), ArtifactKind.SDIST)
    assert comparer.origin(one, two, None).unfound == (lost("acme/b.so", explained=Explained.COMPILED),)


def test_what_is_in_the_commit_is_in_the_source(files, comparer, tmp_path):
    repository = Repository.make(tmp_path / "acme" / "app", {"acme/b.py": EVIL})
    commit = AttestedCommit(repository=ATTESTED, commit=repository.head)
    one, two = wheel(files, {"acme/a.py": CODE, "acme/b.py": EVIL, "acme/c.py": "c"}), sdist(files, {"acme/a.py": CODE})
    shown = f"commit {repository.head[:12]} of {ATTESTED}"
    assert comparer.origin(one, two, commit) == Origin(sources=("acme-1.0.tar.gz", shown), unfound=(lost("acme/c.py"),))
    assert [u.path for u in comparer.origin(one, NONE, commit).told] == ["acme/a.py", "acme/c.py"]
    assert "acme/a.py" in [u.path for u in comparer.with_commit(two, commit).told]


def test_a_commit_is_asked_for_only_where_the_source_distribution_does_not_do(files, comparer):
    one, two = wheel(files, {"acme/a.py": CODE}), sdist(files, {"acme/a.py": CODE})
    commit = AttestedCommit(repository=ATTESTED, commit="1" * 40)  # there is no such repository
    assert comparer.origin(one, two, commit) == Origin(sources=("acme-1.0.tar.gz",))
    assert comparer.origin(one, NONE, commit).reason.startswith("git fetch failed: ")
    bad = wheel(files, {"acme/b.py": EVIL}, build="1")
    assert [u.path for u in comparer.origin(bad, two, commit).told] == ["acme/b.py"]


def test_where_nothing_can_be_had(files, comparer):
    one, two = wheel(files, {"acme/a.py": CODE}), sdist(files, {"acme/a.py": CODE})
    assert comparer.origin(one, NONE, None) == NONE
    (files.folder / two.filename).unlink()
    assert comparer.origin(one, two, None) == Missing("acme-1.0.tar.gz does not come")


def test_a_hostile_source_distribution_is_no_source(files, comparer):
    one = wheel(files, {"acme/a.py": CODE})
    two = files.add("acme-1.0.tar.gz", b"no archive", ArtifactKind.SDIST)
    assert comparer.origin(one, two, None).reason.startswith("acme-1.0.tar.gz cannot be read as an archive: ")


@pytest.mark.parametrize("other", ["data", "scripts", "headers"])
@pytest.mark.parametrize("is_first", [True, False])
def test_no_file_hides_behind_another_of_its_name(files, comparer, other, is_first):
    members = [("acme.py", EVIL), (f"acme-1.0.data/{other}/acme.py", CODE)]
    one = wheel(files, dict(members if is_first else reversed(members)))
    two = sdist(files, {"acme.py": CODE})
    assert [each.path for each in comparer.origin(one, two, None).told] == ["acme.py"]
