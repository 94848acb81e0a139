import hashlib
import threading
from contextlib import ExitStack
from dataclasses import replace

import pytest
from lib.index import LocalIndex, Reply
from lib.wheels import make_sdist, make_wheel, zip_archive
from packaging.requirements import Requirement
from packaging.utils import parse_sdist_filename, parse_wheel_filename

from safeinstall.errors import IntegrityError, MetadataInvalidError, SourceError
from safeinstall.facts.artifact import Artifact, ArtifactKind, Source, SourceKind
from safeinstall.sources.files.download_cache import DownloadCache
from safeinstall.sources.files.fetch import Downloads
from safeinstall.sources.files.metadata_cache import MetadataCache
from safeinstall.sources.files.wheel_metadata import TAIL
from safeinstall.sources.index.index import SimpleIndex
from safeinstall.sources.network.http import HttpClient, HttpSettings


@pytest.fixture
def server():
    with LocalIndex() as server:
        yield server


@pytest.fixture
def other():
    with LocalIndex() as other:
        yield other


@pytest.fixture
def new_index(tmp_path_factory):
    settings = HttpSettings(proxy="", netrc=False, retries=1)
    with ExitStack() as stack:
        client = stack.enter_context(HttpClient(settings, sleep=lambda seconds: None))

        def new(*sources, files=None, **options):
            downloads = Downloads(client, tmp_path_factory.mktemp("downloads") / "files", cache=files)
            index = SimpleIndex(client, lambda name: sources, stack.enter_context(downloads), **options)
            return stack.enter_context(index)

        yield new


def source(place, name="default"):
    return Source(kind=SourceKind.INDEX, url=str(place), name=name)


def links(place, name="links"):
    return Source(kind=SourceKind.FIND_LINKS, url=str(place), name=name)


def names(pages):
    return [[file.filename for file in page.files] for page in pages]


def artifact(index, name="a", **changes):
    """The only file that *index* lists for *name*."""
    (page,) = index.pages(name)
    (file,) = page.files
    is_wheel = file.filename.endswith(".whl")
    parse = parse_wheel_filename if is_wheel else parse_sdist_filename
    return replace(
        Artifact(
            name=name,
            version=parse(file.filename)[1],
            filename=file.filename,
            url=file.url,
            kind=ArtifactKind.WHEEL if is_wheel else ArtifactKind.SDIST,
            source=page.source,
            hashes=file.hashes,
            size=file.size,
            core_metadata=file.core_metadata,
        ),
        **changes,
    )


def refusal(kind, ask, *arguments):
    with pytest.raises(kind) as caught:
        ask(*arguments)
    return caught.value


# Pages


@pytest.mark.parametrize("html", [False, True])
def test_reads_the_page_of_a_project(server, new_index, html):
    server.html = html
    server.add(*make_wheel("a", "1.0"), requires_python=">=3.8", yanked="bad")
    here = source(server.url)
    (page,) = new_index(here).pages("a")
    (file,) = page.files
    assert page.source is here
    assert (file.filename, file.url) == ("a-1.0-py3-none-any.whl", server.file_url("a-1.0-py3-none-any.whl"))
    assert (file.requires_python, file.yanked) == (">=3.8", "bad")
    assert file.hashes == {"sha256": hashlib.sha256(make_wheel("a", "1.0")[1]).hexdigest()}
    assert "application/vnd.pypi.simple.v1+json" in server.requests[0].headers["accept"]


def test_an_index_url_needs_no_slash_at_its_end(server, new_index):
    server.add(*make_wheel("a", "1.0"))
    assert names(new_index(source(server.url.rstrip("/"))).pages("a")) == [["a-1.0-py3-none-any.whl"]]


def test_asks_only_once(server, new_index):
    server.add(*make_wheel("a", "1.0"))
    index = new_index(source(server.url))
    index.prefetch_pages("a")
    assert index.pages("a") is index.pages("a")
    assert server.paths() == ["/simple/a/"]


def test_a_project_that_an_index_does_not_have_is_no_page(server, other, new_index):
    other.add(*make_wheel("a", "1.0"))
    assert [page.source.name for page in new_index(source(server.url, "one"), source(other.url, "two")).pages("a")] == [
        "two"
    ]
    assert new_index(source(server.url)).pages("a") == ()


def test_answers_in_the_order_of_the_indexes_not_of_their_answers(server, other, new_index):
    server.add(*make_wheel("a", "1.0"))
    other.add(*make_wheel("a", "2.0"))
    server.delay = 0.1
    pages = new_index(source(server.url, "one"), source(other.url, "two")).pages("a")
    assert [page.source.name for page in pages] == ["one", "two"]


def test_asks_only_the_indexes_that_a_name_is_routed_to(server, other, new_index):
    server.add(*make_wheel("a", "1.0"))
    index = new_index()
    index._route = lambda name: [source(server.url if name == "a" else other.url)]
    index.pages("a")
    index.pages("b")
    assert (server.paths(), other.paths()) == (["/simple/a/"], ["/simple/b/"])


@pytest.mark.parametrize("sources", [1, 2])
def test_an_index_that_fails_fails_the_question(server, other, new_index, sources):
    other.add(*make_wheel("a", "1.0"))
    server.reply("*", Reply(status=403))
    index = new_index(*[source(server.url), source(other.url)][:sources])
    error = refusal(SourceError, index.pages, "a")
    assert error.message == f"{server.url}a/ answered 403 Forbidden"


def test_a_page_that_is_none_fails_the_question(server, new_index):
    server.reply("*", Reply(status=200, headers={"Content-Type": "text/plain"}))
    error = refusal(SourceError, new_index(source(server.url)).pages, "a")
    assert error.message == f"{server.url}a/ is no project page: its content type is 'text/plain'"


def test_links_of_a_private_index_hold_no_credentials(server, new_index):
    server.credentials = ("me", "secret")
    server.add(*make_wheel("a", "1.0"))
    index = new_index(source(server.url.replace("//", "//me:secret@")))
    found = artifact(index)
    assert found.url == server.file_url("a-1.0-py3-none-any.whl")
    assert index.metadata(found).name == "a"


def test_tells_when_a_page_has_come(server, new_index):
    server.add(*make_wheel("a", "1.0"))
    heard = []
    done = threading.Event()

    def on_page(name, pages):
        heard.append((name, names(pages), threading.current_thread() is threading.main_thread()))
        done.set()

    new_index(source(server.url), on_page=on_page).prefetch_pages("a")
    assert done.wait(10)
    assert heard == [("a", [["a-1.0-py3-none-any.whl"]], False)]


def test_a_prefetch_never_raises(server, new_index):
    server.reply("*", Reply(status=500))
    index = new_index(source(server.url))
    index.prefetch_pages("a")
    assert refusal(SourceError, index.pages, "a").message == f"{server.url}a/ answered 500 Internal Server Error"
    index.close()
    index.prefetch_pages("b")
    assert server.paths() == ["/simple/a/"] * 2


def test_reads_an_index_on_disk(tmp_path, new_index):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "index.html").write_text('<a href="a-1.0-py3-none-any.whl">x</a>')
    for place in (tmp_path, tmp_path.as_uri(), f"{tmp_path.as_uri()}/"):
        (page,) = new_index(source(place)).pages("a")
        assert [file.url for file in page.files] == [(tmp_path / "a" / "a-1.0-py3-none-any.whl").as_uri()]


def test_a_project_that_an_index_on_disk_does_not_have_is_no_page(tmp_path, new_index):
    (tmp_path / "b").mkdir()
    assert new_index(source(tmp_path)).pages("a") == ()
    assert new_index(source(tmp_path)).pages("b") == ()


def test_an_index_on_disk_that_is_not_there_is_told(tmp_path, new_index):
    error = refusal(SourceError, new_index(source(tmp_path / "no", "acme")).pages, "a")
    assert error.message == "the index acme is no directory"


# find-links


def test_reads_a_directory_of_archives(tmp_path, new_index):
    for name in ("a-1.0-py3-none-any.whl", "a-1.0.tar.gz", "b-1.0.tar.gz", "a.txt", "a-1.0.exe"):
        (tmp_path / name).touch()
    (page,) = new_index(links(tmp_path)).pages("a")
    assert [file.url for file in page.files] == [
        (tmp_path / name).as_uri() for name in ("a-1.0.tar.gz", "a-1.0-py3-none-any.whl")
    ]
    assert page.files[0].hashes == {}


def test_archives_of_all_find_links_come_first_by_descending_address(tmp_path, server, new_index):
    server.add(*make_wheel("a", "4.0"))
    for folder, name in (("x", "a-1.0.tar.gz"), ("y", "a-2.0.tar.gz"), ("x", "a-3.0.tar.gz")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).touch()
    (tmp_path / "x" / "page.html").write_text('<a href="a-9.0.tar.gz">a</a><a href="b-9.0.tar.gz">b</a>')
    sources = [source(server.url), links(tmp_path / "x", "x"), links(tmp_path / "y", "y"), links(tmp_path / "x", "x")]
    assert [(page.source.name, *(f.filename for f in page.files)) for page in new_index(*sources).pages("a")] == [
        ("y", "a-2.0.tar.gz"),
        ("x", "a-3.0.tar.gz", "a-1.0.tar.gz"),
        ("x", "a-9.0.tar.gz"),
        ("default", "a-4.0-py3-none-any.whl"),
    ]


def test_a_link_to_an_archive_keeps_its_own_name(tmp_path, new_index):
    (tmp_path / "stored").touch()
    (tmp_path / "a-1.0.tar.gz").symlink_to(tmp_path / "stored")
    assert names(new_index(links(tmp_path / "a-1.0.tar.gz")).pages("a")) == [["a-1.0.tar.gz"]]


def test_only_files_of_a_directory_count(tmp_path, new_index):
    (tmp_path / "a-1.0.tar.gz").mkdir()
    (tmp_path / "page.html").mkdir()
    assert new_index(links(tmp_path)).pages("a") == ()


def test_a_single_local_archive_is_a_location(tmp_path, new_index):
    (tmp_path / "a-1.0.tar.gz").touch()
    assert names(new_index(links((tmp_path / "a-1.0.tar.gz").as_uri())).pages("a")) == [["a-1.0.tar.gz"]]
    assert new_index(links(tmp_path / "a-1.0.tar.gz")).pages("b") == ()


def test_a_single_remote_archive_is_a_location(server, new_index):
    server.add(*make_wheel("a", "1.0"))
    url = server.file_url("a-1.0-py3-none-any.whl")
    (page,) = new_index(links(f"{url}#sha256=AB")).pages("a")
    assert [(f.filename, f.url, f.hashes) for f in page.files] == [("a-1.0-py3-none-any.whl", url, {"sha256": "ab"})]
    assert server.requests == []


def test_a_remote_page_is_read_once_for_all_projects(server, new_index):
    html = '<a href="/files/Foo_Bar-1.0.tar.gz">x</a><a href="/files/foo-1.0.tar.gz">x</a>'
    server.reply("/links", Reply(status=200, body=html.encode(), headers={"Content-Type": "text/html"}))
    index = new_index(links(f"{server.root}/links"))
    assert names(index.pages("foo-bar")) == [["Foo_Bar-1.0.tar.gz"]]
    assert "foo-1.0.tar.gz" in names(index.pages("foo"))[0]
    assert server.paths() == ["/links"]


def test_a_remote_page_that_is_not_there_is_told(server, new_index):
    error = refusal(SourceError, new_index(links(f"{server.root}/links")).pages, "a")
    assert type(error) is SourceError
    assert error.message == f"{server.root}/links answered 404 Not Found"
    assert error.hint == "correct it, or take it out of pip's find-links"


def test_a_location_that_is_not_there_is_told(tmp_path, new_index):
    error = refusal(SourceError, new_index(links(tmp_path / "no", "wheels")).pages, "a")
    assert error.message == "cannot read the find-links location wheels: No such file or directory"


# Metadata


def big_wheel(name="a", version="1.0"):
    """A wheel too long for one piece, and its METADATA at the end."""
    noise = b"".join(hashlib.sha256(str(i).encode()).digest() for i in range(TAIL // 16))
    return make_wheel(name, version, ["b>=1"], files={f"{name}/noise": noise})


def test_takes_the_separate_metadata_file_where_there_is_one(server, new_index):
    server.add(*big_wheel())
    index = new_index(source(server.url))
    metadata = index.metadata(artifact(index))
    assert metadata.requires_dist == (Requirement("b>=1"),)
    assert server.paths() == ["/simple/a/", "/files/a-1.0-py3-none-any.whl.metadata"]


def test_a_separate_metadata_file_with_another_hash_is_an_attack(server, new_index):
    server.add(*big_wheel())
    index = new_index(source(server.url, "acme"))
    server.reply("/files/a-1.0-py3-none-any.whl.metadata", Reply(body=b"Name: a\nVersion: 1.0\n"))
    found = artifact(index)
    error = refusal(IntegrityError, index.metadata, found)
    actual = hashlib.sha256(b"Name: a\nVersion: 1.0\n").hexdigest()
    assert error.message == (
        f"the metadata file of a-1.0-py3-none-any.whl has the sha256 {actual}, "
        f"but acme announces {found.core_metadata['sha256']}"
    )


def test_an_announced_metadata_file_that_is_not_there_is_done_without(server, new_index):
    server.add(*big_wheel())
    server.reply("/files/a-1.0-py3-none-any.whl.metadata", Reply(status=404))
    index = new_index(source(server.url))
    assert index.metadata(artifact(index)).requires_dist == (Requirement("b>=1"),)


@pytest.mark.parametrize("size", ["known", "unknown"])
def test_reads_a_wheel_by_ranges(server, new_index, size):
    _, data = big_wheel()
    server.add(*big_wheel(), metadata=False, listed={} if size == "known" else {"size": None})
    index = new_index(source(server.url))
    assert index.metadata(artifact(index)).requires_dist == (Requirement("b>=1"),)
    wanted = f"bytes={len(data) - TAIL}-{len(data) - 1}" if size == "known" else f"bytes=-{TAIL}"
    assert [request.headers.get("range") for request in server.requests[1:]] == [wanted]


def test_reads_a_small_wheel_whole(server, new_index):
    server.add(*make_wheel("a", "1.0", ["b"]), metadata=False)
    index = new_index(source(server.url))
    assert index.metadata(artifact(index)).requires_dist == (Requirement("b"),)
    assert [request.headers.get("range") for request in server.requests[1:]] == [None]


def asked_for_files(server):
    return [(r.path, "range" in r.headers) for r in server.requests if r.path.startswith("/files/")]


def test_where_there_are_no_ranges_the_answer_is_the_file_and_that_is_remembered(server, new_index):
    server.ranges = False
    for name in ("a", "b"):
        server.add(*big_wheel(name), metadata=False)
    index = new_index(source(server.url))
    for name in ("a", "b"):
        assert index.metadata(artifact(index, name)).requires_dist == (Requirement("b>=1"),)
    assert asked_for_files(server) == [
        ("/files/a-1.0-py3-none-any.whl", True),
        ("/files/b-1.0-py3-none-any.whl", False),
    ]


def test_an_answer_without_ranges_that_breaks_off_is_gone_on_with(server, new_index):
    server.ranges, server.etag = False, True
    server.add(*big_wheel(), metadata=False)
    server.reply("/files/a-1.0-py3-none-any.whl", Reply(truncate=1 << 17), None)
    index = new_index(source(server.url))
    assert index.metadata(artifact(index)).requires_dist == (Requirement("b>=1"),)
    assert [is_part for _, is_part in asked_for_files(server)] == [True, True]


def test_a_wheel_of_which_the_part_is_the_whole_is_fetched_by_that(server, new_index, tmp_path):
    filename, data = make_wheel("a", "1.0", ["b"])
    server.add(filename, data, metadata=False, listed={"size": None})
    downloads = DownloadCache(tmp_path)
    index = new_index(source(server.url), files=downloads)
    assert index.metadata(artifact(index)).requires_dist == (Requirement("b"),)
    assert asked_for_files(server) == [(f"/files/{filename}", True)]
    assert downloads.find(hashlib.sha256(data).hexdigest()).read_bytes() == data


@pytest.mark.parametrize("ranges", [True, False])
def test_an_answer_to_a_range_is_held_to_the_hash_of_the_index(server, new_index, ranges):
    server.ranges = ranges
    filename, data = make_wheel("a", "1.0", ["b"])
    server.add(filename, data, metadata=False, listed={"size": None}, hashes={"sha256": "00" * 32})
    index = new_index(source(server.url, "acme"))
    found = artifact(index)
    if ranges:  # what a part says is held against the whole before anything is installed
        index.metadata(found)
    else:
        assert "was promised" in refusal(IntegrityError, index.metadata, found).message


def test_an_address_with_a_query_is_asked_for_the_whole(server, new_index):
    """It may hold a token that is good for one answer."""
    filename, data = big_wheel()
    server.add(filename, data, metadata=False, listed={"url": f"/files/{filename}?token=x"})
    index = new_index(source(server.url))
    assert index.metadata(artifact(index)).requires_dist == (Requirement("b>=1"),)
    assert asked_for_files(server) == [(f"/files/{filename}?token=x", False)]


def test_more_than_the_part_that_was_asked_for_is_not_read(server, new_index):
    filename, data = big_wheel()
    server.add(filename, data, metadata=False, listed={"size": None})
    server.reply(f"/files/{filename}", Reply(status=206, body=b"x" * (TAIL + 1)), None)
    index = new_index(source(server.url))
    assert index.metadata(artifact(index)).requires_dist == (Requirement("b>=1"),)
    assert [is_part for _, is_part in asked_for_files(server)] == [True, False]


@pytest.mark.parametrize("status", [400, 403, 416, 501])
def test_a_server_that_dislikes_ranges_is_asked_for_the_whole(server, new_index, status):
    server.add(*big_wheel(), metadata=False)
    server.reply("/files/a-1.0-py3-none-any.whl", Reply(status=status), None)
    index = new_index(source(server.url))
    assert index.metadata(artifact(index)).requires_dist == (Requirement("b>=1"),)


def test_nonsense_in_a_range_is_no_verdict_on_the_wheel(server, new_index):
    filename, data = big_wheel()
    server.add(filename, data, metadata=False)
    server.reply(f"/files/{filename}", Reply(status=206, body=b"x" * TAIL), None)
    index = new_index(source(server.url))
    assert index.metadata(artifact(index)).requires_dist == (Requirement("b>=1"),)


def test_a_whole_file_with_another_hash_is_an_attack(server, new_index):
    filename, data = make_wheel("a", "1.0")
    server.add(filename, data, metadata=False, hashes={"sha256": "00" * 32})
    index = new_index(source(server.url, "acme"))
    error = refusal(IntegrityError, index.metadata, artifact(index))
    assert error.message == (
        f"a-1.0-py3-none-any.whl from acme has sha256 {hashlib.sha256(data).hexdigest()} where {'00' * 32} was promised"
    )


def test_a_whole_file_is_kept_for_whoever_fetches_later(server, new_index, tmp_path):
    filename, data = make_wheel("a", "1.0")
    server.add(filename, data, metadata=False)
    downloads = DownloadCache(tmp_path)
    index = new_index(source(server.url), files=downloads)
    index.metadata(artifact(index))
    assert downloads.find(hashlib.sha256(data).hexdigest()).read_bytes() == data
    again = new_index(source(server.url), files=downloads)
    again.metadata(artifact(again))
    assert server.paths().count(f"/files/{filename}") == 1


def test_a_kept_file_that_was_changed_is_not_used(server, new_index, tmp_path):
    filename, data = make_wheel("a", "1.0")
    server.add(filename, data, metadata=False)
    downloads = DownloadCache(tmp_path)
    (tmp_path / "changed").write_bytes(b"changed")
    downloads.add(hashlib.sha256(data).hexdigest(), tmp_path / "changed")
    index = new_index(source(server.url), files=downloads)
    assert index.metadata(artifact(index)).name == "a"


def test_a_file_that_the_index_lists_but_does_not_have_is_told(server, new_index):
    server.add(*make_wheel("a", "1.0"), metadata=False)
    server.reply("/files/a-1.0-py3-none-any.whl", Reply(status=404))
    index = new_index(source(server.url, "acme"))
    error = refusal(SourceError, index.metadata, artifact(index))
    assert type(error) is SourceError
    assert error.message == (
        f"acme offers a-1.0-py3-none-any.whl but does not have it: "
        f"{server.file_url('a-1.0-py3-none-any.whl')} answered 404 Not Found"
    )


@pytest.mark.parametrize("metadata", [True, False])
def test_metadata_of_another_project_is_refused(server, new_index, metadata):
    filename, _ = make_wheel("a", "1.0")
    data = zip_archive([("a-1.0.dist-info/METADATA", b"Name: b\nVersion: 1.0\n")])
    server.add(filename, data, metadata=metadata)
    index = new_index(source(server.url))
    error = refusal(MetadataInvalidError, index.metadata, artifact(index))
    assert error.message == "the metadata of a 1.0 has another name: 'b'"


def test_reads_the_metadata_of_a_local_wheel(tmp_path, new_index):
    filename, data = make_wheel("a", "1.0", ["b"])
    (tmp_path / filename).write_bytes(data)
    index = new_index(links(tmp_path))
    found = artifact(index)
    (tmp_path / "elsewhere").mkdir()
    assert index.metadata(found).requires_dist == (Requirement("b"),)


def test_a_local_wheel_that_vanished_is_told(tmp_path, new_index):
    filename, data = make_wheel("a", "1.0")
    (tmp_path / filename).write_bytes(data)
    index = new_index(links(tmp_path))
    found = artifact(index)
    (tmp_path / filename).unlink()
    assert refusal(SourceError, index.metadata, found).message == (
        f"cannot read {tmp_path / filename}: No such file or directory"
    )


@pytest.mark.parametrize("place", ["remote", "local"])
def test_reads_a_static_source_distribution_without_building_it(server, tmp_path, new_index, place):
    filename, data = make_sdist("a", "1.0", ["b"], metadata_version="2.2")
    server.add(filename, data)
    (tmp_path / filename).write_bytes(data)
    index = new_index(source(server.url) if place == "remote" else links(tmp_path))
    assert index.metadata(artifact(index)).requires_dist == (Requirement("b"),)


def test_an_old_source_distribution_says_nothing(server, new_index):
    server.add(*make_sdist("a", "1.0", ["b"], metadata_version="2.1"))
    index = new_index(source(server.url))
    assert refusal(MetadataInvalidError, index.metadata, artifact(index)).message == (
        "the dependencies of the source distribution of a 1.0 are unknown before a build: "
        "its PKG-INFO has Metadata-Version 2.1, which promises nothing"
    )


def test_a_source_distribution_without_metadata_says_nothing(server, new_index):
    server.add("a-1.0.zip", zip_archive([("a-1.0/setup.py", b"")]))
    index = new_index(source(server.url))
    assert refusal(MetadataInvalidError, index.metadata, artifact(index)).message == (
        "the dependencies of a-1.0.zip are unknown before a build: it holds no PKG-INFO"
    )


def test_a_source_distribution_that_leaves_its_tree_is_passed_over(server, new_index):
    server.add("a-1.0.zip", zip_archive([("../PKG-INFO", b"")]))
    index = new_index(source(server.url))
    assert refusal(MetadataInvalidError, index.metadata, artifact(index)).message == (
        "a-1.0.zip holds '../PKG-INFO', a path that climbs out of its directory"
    )


@pytest.mark.parametrize("kind", [ArtifactKind.TREE, ArtifactKind.VCS])
def test_a_source_tree_says_nothing(server, new_index, kind):
    server.add(*make_wheel("a", "1.0"))
    index = new_index(source(server.url))
    assert refusal(MetadataInvalidError, index.metadata, artifact(index, kind=kind)).message == (
        "the dependencies of a are unknown before a build: it is a source tree"
    )


def test_credentials_of_an_index_are_not_lent_to_a_direct_reference(server, new_index):
    server.add(*make_wheel("a", "1.0"))
    index = new_index(source(server.url))
    direct = Source(kind=SourceKind.DIRECT, url=server.url.replace("//", "//me:secret@"), name="direct")
    assert index.metadata(artifact(index, source=direct)).name == "a"
    assert "authorization" not in server.requests[-1].headers


def test_metadata_is_asked_for_once_and_told(server, new_index):
    server.add(*make_wheel("a", "1.0"))
    heard = []
    index = new_index(source(server.url), on_metadata=lambda artifact, metadata: heard.append((artifact, metadata)))
    found = artifact(index)
    index.prefetch_metadata(found)
    metadata = index.metadata(found)
    assert index.metadata(found) is metadata
    index._requests.shutdown(wait=True)
    assert heard == [(found, metadata)]
    assert server.paths() == ["/simple/a/", "/files/a-1.0-py3-none-any.whl.metadata"]


def test_metadata_is_kept_from_run_to_run(server, new_index, tmp_path):
    server.add(*make_wheel("a", "1.0", ["b"]))
    for _ in range(2):
        index = new_index(source(server.url), cache=MetadataCache(tmp_path))
        assert index.metadata(artifact(index)).requires_dist == (Requirement("b"),)
    assert server.paths().count("/files/a-1.0-py3-none-any.whl.metadata") == 1


def test_refused_metadata_is_not_kept(server, new_index, tmp_path):
    server.add(*make_wheel("a", "1.0"), metadata=b"Name: b\nVersion: 1.0\n", hashes={"sha256": "00" * 32})
    for _ in range(2):
        index = new_index(source(server.url), cache=MetadataCache(tmp_path))
        refusal(MetadataInvalidError, index.metadata, artifact(index))
    assert server.paths().count("/files/a-1.0-py3-none-any.whl.metadata") == 2
