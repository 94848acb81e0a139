from __future__ import annotations

from types import SimpleNamespace

import pytest
from lib.facts import INDEX, NOW, OTHER_SHA, SHA

from safeinstall.facts.provenance import Publisher, PublisherKind
from safeinstall.ports import ListedFile, ProjectPage
from safeinstall.request.invocation import LockedFile
from safeinstall.sources.index.locked import LockedIndex

FILES = tuple(
    ListedFile(
        filename=name,
        url=f"https://x/{name}",
        hashes={"sha256": SHA},
        upload_time=NOW,
        provenance=f"https://x/{name}/provenance",
    )
    for name in ("app-1.0-py3-none-any.whl", "app-1.0.tar.gz", "app-0.9.tar.gz")
)


ACME = Publisher(kind=PublisherKind.GITHUB, repository="acme/app", workflow="release.yml")


@pytest.mark.parametrize("sha256", [SHA, OTHER_SHA], ids=["listed", "unheard of"])
def test_whom_the_lock_names_is_known_of_its_file_whoever_lists_it(sha256):
    inner = SimpleNamespace(pages=lambda _: (ProjectPage(source=INDEX, files=FILES),))
    locked = LockedFile(
        filename=FILES[0].filename, url="https://y/", hashes={"sha256": sha256}, lock="pylock.toml", publishers=(ACME,)
    )
    (page,) = LockedIndex(inner, {"app": locked}).pages("app")
    assert (page.lock_publishers, page.unheard is None) == ((ACME,), sha256 == SHA)


def test_the_other_files_of_a_locked_project_stay_known():
    inner = SimpleNamespace(pages=lambda _: (ProjectPage(source=INDEX, files=FILES, left_out={"1.0": NOW}),))
    locked = LockedFile(
        filename=FILES[0].filename, url="https://y/", hashes={"sha256": SHA}, size=1, lock="pylock.toml"
    )
    (page,) = LockedIndex(inner, {"app": locked}).pages("app")
    assert ([file.url for file in page.files], page.beside, page.left_out) == (["https://y/"], FILES[1:], {"1.0": NOW})
    assert page.files[0].provenance == FILES[0].provenance
