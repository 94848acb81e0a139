from __future__ import annotations

from datetime import timedelta

import pytest
from lib.facts import INDEX, NOW
from packaging.version import Version

from safeinstall.facts.artifact import Source, SourceKind
from safeinstall.judge.version_uploads import VersionUploads
from safeinstall.ports import ListedFile, ProjectPage

OTHER = Source(kind=SourceKind.INDEX, url="https://other.example/", name="other")
LOCKED = Source(kind=SourceKind.DIRECT, url="https://files.example/app-1.0.tar.gz", name="pylock.toml")
BEFORE = NOW - timedelta(days=900)
LAST = "app-1.0-py3-none-any.whl"


def file(filename, time):
    return ListedFile(filename=filename, url=f"https://x/{filename}", hashes={}, upload_time=time)


def page(*files, source=INDEX, **more):
    return ProjectPage(source=source, files=(file(LAST, NOW), *files), **more)


@pytest.mark.parametrize(
    ("pages", "first"),
    [
        ([page()], NOW),
        ([page(file("app-1.0.tar.gz", BEFORE))], BEFORE),
        ([page(file("app-1.0.0.tar.gz", BEFORE))], BEFORE),
        ([page(file("app-1.0.win32-py2.7.exe", BEFORE))], BEFORE),
        ([page(file("app-1.0+old-py3-none-any.whl", BEFORE))], BEFORE),
        ([page(file("app-0.9.tar.gz", BEFORE))], NOW),
        ([page(file("app-1.0.tar.gz", None))], None),
        ([page(file("app-0.9.tar.gz", None))], NOW),
        ([page(left_out={"1.0": BEFORE})], BEFORE),
        ([page(left_out={"1": BEFORE, "": None})], BEFORE),
        ([page(left_out={"1.0": None})], None),
        ([page(beside=(file("app-1.0.tar.gz", BEFORE),))], BEFORE),
        ([page(), page(file("app-1.0.tar.gz", BEFORE), source=OTHER)], BEFORE),
        ([page(), page(file("app-1.0.tar.gz", None), source=OTHER)], NOW),
    ],
)
def test_it_is_that_of_all_files_of_the_version(pages, first):
    uploads = VersionUploads.of("app", INDEX, pages)
    assert uploads.first(Version("1.0")) == uploads.first(Version("1.0+mine")) == first


def test_of_a_file_that_a_lock_names_each_index_has_to_tell():
    pages = [page(), page(file("app-1.0.tar.gz", None), source=OTHER)]
    assert VersionUploads.of("app", LOCKED, pages).first(Version("1.0")) is None


def test_nothing_is_known_of_a_version_that_nobody_lists():
    uploads = VersionUploads.of("app", INDEX, [page()])
    assert (uploads.first(Version("2.0")), uploads.has(Version("2.0")), uploads.has(Version("1.0"))) == (
        *(None, False),
        True,
    )
