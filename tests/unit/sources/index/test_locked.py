from __future__ import annotations

from types import SimpleNamespace

from lib.facts import INDEX, NOW, SHA

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


def test_the_other_files_of_a_locked_project_stay_known():
    inner = SimpleNamespace(pages=lambda _: (ProjectPage(source=INDEX, files=FILES, left_out={"1.0": NOW}),))
    locked = LockedFile(
        filename=FILES[0].filename, url="https://y/", hashes={"sha256": SHA}, size=1, lock="pylock.toml"
    )
    (page,) = LockedIndex(inner, {"app": locked}).pages("app")
    assert ([file.url for file in page.files], page.beside, page.left_out) == (["https://y/"], FILES[1:], {"1.0": NOW})
    assert page.files[0].provenance == FILES[0].provenance
