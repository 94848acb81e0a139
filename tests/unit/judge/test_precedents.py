"""Which earlier file another one is compared with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from lib.facts import INDEX, NOW, artifact
from packaging.version import Version

from safeinstall.facts.artifact import ArtifactKind
from safeinstall.judge.precedents import earlier_file, listed_files
from safeinstall.ports import ListedFile, ProjectPage

WEEK = timedelta(days=7)
ADDRESS = "https://packages.example/provenance"


def file(name, days, *, attested=True, yanked=None):
    """A file of acme, uploaded *days* ago."""
    kind = ArtifactKind.WHEEL if name.endswith(".whl") else ArtifactKind.SDIST
    made = artifact(f"acme=={name.split('-')[1].removesuffix('.tar.gz')}", kind=kind, yanked=yanked)
    uploaded = None if days is None else NOW - timedelta(days=days)
    return replace(made, filename=name, upload_time=uploaded, provenance=ADDRESS if attested else None)


def wheel(version, days, tags="py3-none-any", **more):
    return file(f"acme-{version}-{tags}.whl", days, **more)


def sdist(version, days, **more):
    return file(f"acme-{version}.tar.gz", days, **more)


def earlier(judged, *listed, age=WEEK):
    return earlier_file(judged, [each for each in listed if each != judged], NOW, age)


def compared(judged, *listed, **options):
    found = earlier(judged, *listed, **options)
    return None if found is None else found.artifact.filename


NEW = wheel("2.0", 0)


def test_the_newest_release_before_it_counts():
    assert compared(NEW, wheel("1.0", 30), wheel("1.1", 20), NEW) == "acme-1.1-py3-none-any.whl"


def test_by_the_time_of_its_upload_whichever_version_it_is():
    assert compared(NEW, wheel("1.9", 40), wheel("1.0.1", 10)) == "acme-1.0.1-py3-none-any.whl"
    assert compared(wheel("1.0.2", 0), wheel("3.0", 10), wheel("1.0.1", 20)) == "acme-3.0-py3-none-any.whl"


def test_what_came_after_it_does_not_count():
    assert compared(wheel("1.1", 20), wheel("1.0", 30), wheel("1.2", 10)) == "acme-1.0-py3-none-any.whl"


def test_what_is_too_young_to_be_believed_does_not_count():
    assert compared(NEW, wheel("1.0", 30), wheel("1.1", 6.9)) == "acme-1.0-py3-none-any.whl"
    assert compared(NEW, wheel("1.0", 30), wheel("1.1", 7)) == "acme-1.1-py3-none-any.whl"
    assert compared(NEW, wheel("1.1", 1)) is None


def test_a_policy_that_asks_for_more_than_any_file_has_hides_nothing():
    found = compared(NEW, wheel("1.0", 30), wheel("1.1", 29), age=timedelta(days=3650))
    assert found == "acme-1.0-py3-none-any.whl"


def test_without_an_earlier_file_there_is_nothing_to_compare_with():
    assert earlier(NEW, NEW) is None
    assert earlier(wheel("1.0", 30), wheel("1.1", 20)) is None


def test_what_tells_no_time_does_not_count():
    assert compared(NEW, wheel("1.0", 30), wheel("1.1", None)) == "acme-1.0-py3-none-any.whl"


def test_a_release_is_as_old_as_its_first_file():
    late = wheel("1.0", 9, "cp313-cp313-win_amd64", attested=False)
    assert compared(NEW, wheel("1.0", 90), wheel("1.1", 30), late) == "acme-1.1-py3-none-any.whl"


def test_what_came_with_it_is_no_precedent():
    own = sdist("1.1", 30.01, attested=False)
    assert compared(wheel("1.1", 30, attested=False), own, sdist("1.0", 90)) == "acme-1.0.tar.gz"
    assert earlier(wheel("1.1", 30, attested=False), own) is None


def test_nor_is_it_without_a_minimum_age():
    assert earlier(wheel("1.1", 30), sdist("1.1", 30.01), age=timedelta(0)) is None


def test_what_was_there_for_long_when_it_was_added_is():
    added = wheel("1.0", 0, "cp314-cp314-win_amd64", attested=False)
    assert compared(added, wheel("1.0", 90, "cp313-cp313-win_amd64")) == "acme-1.0-cp313-cp313-win_amd64.whl"
    assert earlier(added, wheel("1.0", 6)) is None


def test_what_is_taken_back_counts_where_nothing_else_does():
    stolen = wheel("1.1", 20, attested=False, yanked="stolen")
    assert compared(NEW, wheel("1.0", 30), stolen) == "acme-1.0-py3-none-any.whl"
    assert compared(NEW, wheel("1.0", 30, yanked=""), wheel("0.9", 40, yanked="")) == "acme-1.0-py3-none-any.whl"


LINUX = "cp311-cp311-manylinux_2_28_x86_64"


@pytest.mark.parametrize(
    ("judged", "among", "like"),
    [
        (wheel("2.0", 0), [sdist("1.0", 30), wheel("1.0", 29)], wheel("1.0", 29)),
        (sdist("2.0", 0), [wheel("1.0", 30), sdist("1.0", 29)], sdist("1.0", 29)),
        (wheel("2.0", 0), [sdist("1.0", 30)], sdist("1.0", 30)),
        (
            wheel("2.0", 0, LINUX),
            [wheel("1.0", 30, "cp311-cp311-win_amd64"), wheel("1.0", 29, "cp310-cp310-manylinux2014_x86_64")],
            wheel("1.0", 29, "cp310-cp310-manylinux2014_x86_64"),
        ),
        (
            wheel("2.0", 0, LINUX),
            [
                wheel("1.0", 30, "cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64"),
                wheel("1.0", 29, "cp311-cp311-manylinux_2_17_aarch64"),
                wheel("1.0", 28, LINUX),
            ],
            wheel("1.0", 28, LINUX),
        ),
        (
            wheel("2.0", 0, LINUX),
            [wheel("1.0", 30, "py3-none-any"), wheel("1.0", 29, "cp39-abi3-manylinux_2_17_x86_64")],
            wheel("1.0", 29, "cp39-abi3-manylinux_2_17_x86_64"),
        ),
        (
            wheel("2.0", 0),
            [file("acme-1.0-1-py3-none-any.whl", 8, attested=False), wheel("1.0", 30)],
            wheel("1.0", 30),
        ),
    ],
)  # fmt: skip
def test_of_a_release_the_file_most_like_it_counts(judged, among, like):
    assert compared(judged, *among) == like.filename


def test_what_else_carried_provenance_is_told_where_that_file_did_not():
    release = [wheel("1.0", 30, attested=False), sdist("1.0", 29), wheel("0.9", 60)]
    assert earlier(NEW, *release).carried == ("acme-1.0.tar.gz",)
    assert earlier(sdist("2.0", 0), *release).carried == ()


def test_since_when_all_bore_provenance():
    listed = [wheel("0.9", 60, attested=False), wheel("1.0", 50), sdist("1.0", 49), wheel("1.1", 40)]
    young = wheel("1.2", 1, attested=False)
    assert earlier(NEW, *listed, young).since == NOW - timedelta(days=50)
    assert earlier(NEW, *listed, wheel("1.2", 10, attested=False)).since is None


def test_files_are_those_of_the_project_for_whichever_target():
    names = ["acme-1.0.tar.gz", "acme-1.0-cp311-cp311-win_amd64.whl", "acme-1.0.exe", "acme-x.tar.gz", "index.html"]
    files = tuple(ListedFile(filename=name, url=f"https://x/{name}", hashes={}, provenance=ADDRESS) for name in names)
    page = ProjectPage(source=INDEX, files=files[:1], attested_elsewhere={"1.0": files[1]}, beside=files[2:])
    found = listed_files("acme", [page])
    assert [(one.filename, one.kind, one.version, one.provenance) for one in found] == [
        (names[1], ArtifactKind.WHEEL, Version("1.0"), ADDRESS),
        (names[0], ArtifactKind.SDIST, Version("1.0"), ADDRESS),
    ]


def test_a_thiefs_second_release_is_not_compared_with_the_first_however_old_both_are():
    listed = wheel("1.0", 90), wheel("1.1", 30, attested=False), wheel("1.2", 29.9, attested=False)
    assert compared(listed[2], *listed) == "acme-1.0-py3-none-any.whl"


@pytest.mark.parametrize("age", [timedelta(0), timedelta(hours=1)])
def test_what_is_less_than_a_day_older_does_not_count_whatever_the_policy_asks(age):
    assert compared(NEW, wheel("1.0", 30), wheel("1.1", 0.9), age=age) == "acme-1.0-py3-none-any.whl"
    assert compared(NEW, wheel("1.0", 30), wheel("1.1", 1), age=age) == "acme-1.1-py3-none-any.whl"


LINUX, MAC = "cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-macosx_11_0_arm64"


def test_of_the_latest_releases_one_that_has_a_file_for_this_system_is_taken():
    judged = wheel("2.0", 0, MAC)
    before = [wheel("1.0", 30, LINUX), wheel("1.0", 29, MAC, attested=False), wheel("1.1", 10, LINUX)]
    assert compared(judged, *before) == f"acme-1.0-{MAC}.whl"
    assert compared(judged, *before, sdist("1.1", 10)) == f"acme-1.0-{MAC}.whl"


def test_and_none_of_long_ago():
    judged, old = wheel("9.0", 0, MAC), wheel("1.0", 400, MAC, attested=False)
    few = [wheel(f"1.{number}", 300 - number, LINUX) for number in range(1, 5)]
    assert compared(judged, old, *few) == f"acme-1.0-{MAC}.whl"
    more = [wheel(f"2.{number}", 200 - number, LINUX) for number in range(5)]
    assert compared(judged, old, *few, *more) == f"acme-2.4-{LINUX}.whl"
    burst = [wheel(f"3.{number}", 350 - number, LINUX) for number in range(9)]
    assert compared(judged, old, *burst) == f"acme-1.0-{MAC}.whl"


def test_whoever_takes_back_all_attested_releases_is_compared_with_them():
    old = wheel("0.9", 400, attested=False)
    taken = wheel("1.0", 30, yanked=""), wheel("1.1", 20, yanked="")
    assert compared(NEW, old, *taken) == "acme-1.1-py3-none-any.whl"
    assert compared(NEW, old, wheel("1.0", 30), wheel("1.1", 20, yanked="")) == "acme-1.0-py3-none-any.whl"
    assert compared(NEW, old, wheel("1.1", 20, yanked="", attested=False)) == "acme-0.9-py3-none-any.whl"


def test_of_equals_one_that_is_attested_is_taken():
    files = wheel("1.0", 30, LINUX, attested=False), wheel("1.0", 29, MAC)
    assert compared(NEW, *files) == f"acme-1.0-{MAC}.whl"
