from __future__ import annotations

import hashlib
import os
import stat
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from lib.index import LocalIndex, Reply
from lib.pins import artifact_of, pin_of
from lib.wheels import make_sdist, make_wheel

from safeinstall.errors import IntegrityError, SourceError
from safeinstall.facts.artifact import ArtifactKind, Source, SourceKind
from safeinstall.plan.plan import Plan
from safeinstall.sources.files import meter
from safeinstall.sources.files.download import ATTEMPTS
from safeinstall.sources.files.download_cache import DownloadCache
from safeinstall.sources.files.fetch import Downloads, fetch
from safeinstall.sources.network.http import HttpClient, HttpSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME, DATA = make_wheel("demo", "1.0", ["six>=1"], requires_python=">=3.8", extras={"x": []})
FIELDS = {"requires": ["six>=1"], "requires_python": ">=3.8", "extras": {"x": []}}
SHA256 = hashlib.sha256(DATA).hexdigest()
CHANGED = "the file changed on the index or on its way here: do not install it, and tell whoever runs the index"


@pytest.fixture
def index() -> Iterator[LocalIndex]:
    with LocalIndex() as running:
        running.add(NAME, DATA)
        yield running


@pytest.fixture
def client() -> Iterator[HttpClient]:
    with HttpClient(HttpSettings(retries=0, netrc=False, proxy="")) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "files"


@pytest.fixture
def cache(tmp_path):
    return DownloadCache(tmp_path / "cache")


def listed(index: LocalIndex, filename: str = NAME, data: bytes = DATA, **facts):
    source = Source(kind=SourceKind.INDEX, url=index.url, name="acme")
    return artifact_of(filename, data, **{"url": index.file_url(filename), "source": source, **facts})


def plan_of(*artifacts, **fields) -> Plan:
    return Plan.of(pin_of(artifact, **(fields or FIELDS)) for artifact in artifacts)


def refusal(plan, client, folder, **options) -> IntegrityError:
    with pytest.raises(IntegrityError) as caught:
        fetch(plan, client, folder, **options)
    assert not folder.exists()
    return caught.value


def test_a_fetched_file_is_private_and_measured(index, client, folder):
    seen = []
    verified = fetch(plan_of(listed(index)), client, folder, progress=seen.append)
    (file,) = verified.files
    assert (file.path, file.sha256, file.size) == (str(folder / "1" / NAME), SHA256, len(DATA))
    assert (folder / "1" / NAME).read_bytes() == DATA
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "1" / NAME).stat().st_mode) == 0o600
    assert sum(seen) == len(DATA)
    assert [path.name for path in folder.rglob("*") if path.is_file()] == [NAME]
    assert index.requests[0].headers["accept-encoding"] == "identity"


def test_many_files_at_once(index, client, folder):
    wheels = [make_wheel(f"demo-{n}", "1.0", list(FIELDS["requires"])) for n in range(30)]
    for wheel in wheels:
        index.add(*wheel)
    plan = plan_of(*(listed(index, *wheel) for wheel in wheels), requires=FIELDS["requires"])
    verified = fetch(plan, client, folder)
    assert verified.plan is plan
    assert [file.pin for file in verified.files] == list(plan.files)
    assert {path.name: path.read_bytes() for path in folder.rglob("*.whl")} == dict(wheels)


def test_credentials_of_the_index_are_sent(index, client, folder):
    index.credentials = ("user", "pw")
    source = Source(kind=SourceKind.INDEX, url=index.url.replace("//", "//user:pw@"), name="acme")
    assert fetch(plan_of(listed(index, source=source)), client, folder).files


def test_other_bytes_than_published(index, client, folder):
    other = DATA[:-1] + b"x"
    index.reply(index.file_path(NAME), Reply(body=other))
    error = refusal(plan_of(listed(index)), client, folder)
    assert str(error) == f"{NAME} from acme has sha256 {hashlib.sha256(other).hexdigest()} where {SHA256} was promised"
    assert error.hint == CHANGED


def test_an_empty_hash_is_that_of_no_file(index, client, folder):
    error = refusal(plan_of(listed(index, hashes={"sha256": ""})), client, folder)
    assert str(error) == f"{NAME} from acme has sha256 {SHA256} where an empty one was promised"


def test_fewer_bytes_than_published(index, client, folder):
    index.reply(index.file_path(NAME), Reply(body=DATA[:-1]))
    error = refusal(plan_of(listed(index)), client, folder)
    assert str(error) == f"{NAME} from acme has {len(DATA) - 1} bytes where {len(DATA)} were promised"


def test_more_bytes_than_published(index, client, folder):
    index.reply(index.file_path(NAME), Reply(body=DATA + b"x"))
    error = refusal(plan_of(listed(index)), client, folder)
    assert str(error) == f"{NAME} from acme is larger than {len(DATA)} bytes"


def test_a_cap_where_no_size_is_published(index, client, folder, monkeypatch):
    monkeypatch.setattr(meter, "MAX_FILE", 10)
    error = refusal(plan_of(listed(index, size=None)), client, folder)
    assert str(error) == f"{NAME} from acme is larger than 10 bytes"


@pytest.mark.parametrize("algorithm", ["sha512", "sha384", "sha224", "sha1", "md5"])
def test_other_algorithms_are_verified_and_the_sha256_computed(index, client, folder, algorithm):
    right = {algorithm: hashlib.new(algorithm, DATA).hexdigest()}
    assert fetch(plan_of(listed(index, hashes=right)), client, folder).files[0].sha256 == SHA256
    wrong = {algorithm: "0" * len(right[algorithm])}
    error = refusal(plan_of(listed(index, hashes=wrong)), client, folder.with_name("again"))
    assert str(error) == (f"{NAME} from acme has {algorithm} {right[algorithm]} where {wrong[algorithm]} was promised")


def test_every_published_hash_counts(index, client, folder):
    error = refusal(plan_of(listed(index, hashes={"sha256": SHA256, "md5": "0" * 32})), client, folder)
    assert str(error) == (f"{NAME} from acme has md5 {hashlib.md5(DATA).hexdigest()} where {'0' * 32} was promised")


@pytest.mark.parametrize("hashes", [{}, {"unheard-of": "1"}, {"sha256": SHA256.upper()}])
def test_no_hash_to_compare_or_one_in_capitals(index, client, folder, hashes):
    assert fetch(plan_of(listed(index, hashes=hashes)), client, folder).files[0].sha256 == SHA256


@pytest.mark.parametrize("filename", ["../demo.whl", "a/b", "a\\b", "..", "", "a\nb", "0.partial"])
def test_a_file_name_that_is_a_path(index, client, folder, filename):
    artifact = replace(listed(index), filename=filename)
    shown = filename.replace("\n", "\\n")
    error = refusal(plan_of(artifact), client, folder)
    assert str(error) == f"acme offers '{shown}', which is not a file name"
    assert index.requests == []


def test_a_hostile_archive(index, client, folder):
    name, data = make_wheel("demo", "1.0", files={"../evil.py": "x"})
    index.add(name, data)
    error = refusal(plan_of(listed(index, name, data)), client, folder)
    assert str(error) == f"{NAME} holds '../evil.py', a path that climbs out of its directory"


@pytest.mark.parametrize(
    ("fields", "difference"),
    [
        ({**FIELDS, "requires": []}, "Requires-Dist has 'six>=1'"),
        ({**FIELDS, "requires": ["six>=1", "b"]}, "Requires-Dist lacks 'b'"),
        ({**FIELDS, "requires": ["six>=2"]}, "Requires-Dist has 'six>=1' and lacks 'six>=2'"),
        ({**FIELDS, "requires_python": ">=3.9"}, "Requires-Python has '>=3.8' and lacks '>=3.9'"),
        ({**FIELDS, "requires_python": None}, "Requires-Python has '>=3.8'"),
        ({**FIELDS, "extras": {}}, "Provides-Extra has 'x'"),
    ],
)
def test_metadata_that_contradicts_what_was_resolved(index, client, folder, fields, difference):
    error = refusal(plan_of(listed(index), **fields), client, folder)
    assert str(error) == f"{NAME} from acme contradicts the metadata it was resolved by: {difference}"
    assert error.hint == (
        "the index serves two truths about this file: do not install it, and tell whoever runs the index"
    )


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ("Name: evil\nVersion: 1.0\n", "has another name: 'evil'"),
        ("Name: demo\nVersion: 1.1\n", "has another version: '1.1'"),
        ("Name: demo\n", "has no Version"),
        ("Name: demo\nVersion: 1.0\nRequires-Dist: ???\n", None),
    ],
)
def test_metadata_of_another(index, client, folder, inside, reason):
    name, data = make_wheel("demo", "1.0", metadata=f"Metadata-Version: 2.1\n{inside}")
    index.add(name, data)
    error = refusal(plan_of(listed(index, name, data)), client, folder)
    start = f"{NAME} from acme: the metadata of demo 1.0 "
    assert str(error) == start + reason if reason else str(error).startswith(f"{start}has an invalid Requires-Dist")


def test_a_static_sdist_is_compared(index, client, folder):
    name, data = make_sdist("demo", "1.0", ["six"], metadata_version="2.2")
    index.add(name, data)
    error = refusal(plan_of(listed(index, name, data)), client, folder)
    assert str(error) == (
        f"{name} from acme contradicts the metadata it was resolved by: Requires-Dist has 'six' and lacks 'six>=1'"
    )


@pytest.mark.parametrize(
    "changes", [{"metadata_version": "2.1"}, {"metadata_version": "2.2", "dynamic": ["Requires-Dist"]}]
)
def test_an_sdist_that_promises_nothing_is_not_compared(index, client, folder, changes):
    name, data = make_sdist("demo", "1.0", ["six"], **changes)
    index.add(name, data)
    assert fetch(plan_of(listed(index, name, data)), client, folder).files[0].size == len(data)


def test_an_index_that_does_not_answer(index, client, folder):
    index.reply(index.file_path(NAME), Reply(status=500))
    with pytest.raises(SourceError) as caught:
        fetch(plan_of(listed(index)), client, folder)
    assert str(caught.value) == f"{index.file_url(NAME)} answered 500 Internal Server Error"
    assert not folder.exists()


def test_a_file_that_is_gone(index, client, folder):
    index.reply(index.file_path(NAME), Reply(status=404))
    with pytest.raises(SourceError, match="but does not have it"):
        fetch(plan_of(listed(index)), client, folder)
    assert len(index.requests) == 1


def test_an_address_that_is_not_there(index, client, folder):
    """Nobody offers it but whoever wrote it."""
    index.reply(index.file_path(NAME), Reply(status=404))
    url = index.file_url(NAME)
    source = Source(kind=SourceKind.DIRECT, url=url, name=url)
    with pytest.raises(SourceError) as caught:
        fetch(plan_of(listed(index, source=source)), client, folder)
    assert (str(caught.value), caught.value.hint) == (f"{url} answered 404 Not Found", "check the address")


def test_a_connection_that_breaks_is_tried_again(index, client, folder):
    index.reply(index.file_path(NAME), Reply(truncate=100), Reply(truncate=200), None)
    assert fetch(plan_of(listed(index)), client, folder).files[0].sha256 == SHA256
    assert len(index.requests) == 3


def test_a_connection_that_always_breaks(index, client, folder):
    index.reply(index.file_path(NAME), Reply(truncate=100))
    with pytest.raises(SourceError) as caught:
        fetch(plan_of(listed(index)), client, folder)
    assert str(caught.value).startswith(f"cannot read {index.file_url(NAME)}: ")
    assert len(index.requests) == ATTEMPTS
    assert not folder.exists()


def direct(path, data=DATA):
    source = Source(kind=SourceKind.DIRECT, url=path.as_uri(), name=str(path))
    return artifact_of(NAME, data, url=path.as_uri(), source=source)


def test_a_local_file_is_copied_and_never_linked(tmp_path, client, folder, cache):
    original = tmp_path / NAME
    original.write_bytes(DATA)
    fetch(plan_of(direct(original)), client, folder, cache=cache)
    original.write_bytes(b"changed later")
    assert (folder / "1" / NAME).read_bytes() == DATA
    assert (folder / "1" / NAME).stat().st_nlink == 1
    assert not cache.directory.exists()


def test_a_local_file_that_is_a_pipe(tmp_path, client, folder):
    os.mkfifo(tmp_path / NAME)
    with pytest.raises(SourceError) as caught:
        fetch(plan_of(direct(tmp_path / NAME)), client, folder)
    assert str(caught.value) == f"{tmp_path / NAME} is not a regular file"


def test_a_local_file_that_is_missing(tmp_path, client, folder):
    with pytest.raises(SourceError) as caught:
        fetch(plan_of(direct(tmp_path / NAME)), client, folder)
    assert str(caught.value) == f"{tmp_path / NAME} cannot be read: No such file or directory"


def test_a_cached_file_is_not_downloaded_again(index, client, folder, cache):
    fetch(plan_of(listed(index)), client, folder, cache=cache)
    again = folder.with_name("again")
    assert fetch(plan_of(listed(index)), client, again, cache=cache).files[0].sha256 == SHA256
    assert (again / "1" / NAME).stat().st_nlink == 1
    assert len(index.requests) == 1


@pytest.mark.parametrize("damage", [lambda d: d[:-1] + b"x", lambda d: d[:-1], lambda d: d + b"x", lambda d: b""])
def test_a_damaged_cache_is_mended(index, client, folder, cache, damage):
    fetch(plan_of(listed(index)), client, folder, cache=cache)
    kept = cache.find(SHA256)
    kept.write_bytes(damage(DATA))
    fetch(plan_of(listed(index)), client, folder.with_name("again"), cache=cache)
    assert (folder.with_name("again") / "1" / NAME).read_bytes() == DATA
    assert kept.read_bytes() == DATA
    assert len(index.requests) == 2


def test_a_cache_that_cannot_be_written_is_passed_by(index, client, folder, tmp_path):
    (tmp_path / "cache").write_text("a file where the directory should be")
    cache = DownloadCache(tmp_path / "cache")
    assert fetch(plan_of(listed(index)), client, folder, cache=cache).files[0].sha256 == SHA256
    assert (tmp_path / "cache").is_file()


def test_a_failed_copy_leaves_nothing_in_the_cache(tmp_path, cache):
    cache.add(SHA256, tmp_path / "missing")
    assert [p for p in cache.directory.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("sha256", ["../../etc/passwd", "", "AB" * 32])
def test_a_hash_from_an_index_is_no_path_into_the_cache(index, client, folder, cache, sha256):
    error = refusal(plan_of(listed(index, hashes={"sha256": sha256})), client, folder, cache=cache)
    assert str(error) == f"{NAME} from acme has sha256 {SHA256} where {sha256 or 'an empty one'} was promised"


def test_files_start_before_there_is_a_plan(index, client, folder):
    other = make_wheel("other", "1.0")
    index.add(*other)
    with Downloads(client, folder) as downloads:
        downloads.start(listed(index))
        downloads.start(listed(index))
        downloads.start(listed(index, *other))
        verified = downloads.finish(plan_of(listed(index)))
    assert [file.path for file in verified.files] == [str(folder / "1" / NAME)]
    assert index.paths().count(index.file_path(NAME)) == 1
    assert (folder / "1" / NAME).read_bytes() == DATA


def test_a_failed_start_does_not_matter_unless_it_is_in_the_plan(index, client, folder):
    gone = listed(index, *make_wheel("gone", "1.0"))
    with Downloads(client, folder) as downloads:
        downloads.start(gone)
        assert downloads.finish(plan_of(listed(index))).files
    assert [path.name for path in folder.rglob("*") if path.is_file()] == [NAME]


def test_leaving_without_a_plan_leaves_nothing(index, client, folder):
    with Downloads(client, folder) as downloads:
        downloads.start(listed(index))
    assert not folder.exists()


def test_a_directory_that_somebody_else_made_is_not_used(index, client, folder):
    """Each file has one of its own, which only this user can enter."""
    (folder / "1").mkdir(parents=True)
    with pytest.raises(FileExistsError), Downloads(client, folder) as downloads:
        downloads.obtain(listed(index))


@dataclass
class EndlessBody:
    chunks: Iterator[bytes]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class EndlessClient:
    """A server that never comes to an end."""

    def __init__(self) -> None:
        self.started, self.ended = threading.Event(), threading.Event()

    @contextmanager
    def stream(self, url, *, headers, index_url, accept):
        try:
            yield EndlessBody(self.chunks())
        finally:
            self.ended.set()

    def chunks(self):
        while True:
            self.started.set()
            yield b"x"


def test_an_interrupt_stops_the_threads_and_removes_everything(index, folder):
    client = EndlessClient()

    def run():
        with Downloads(client, folder, workers=1) as downloads:
            downloads.start(listed(index, size=None))
            downloads.start(listed(index, *make_wheel("queued", "1.0")))
            assert client.started.wait(10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert not folder.exists()
    assert client.ended.wait(10)


def test_trees_and_repositories_are_not_fetched(index, client, folder):
    tree = replace(listed(index), name="tree", kind=ArtifactKind.TREE, url="file:///nowhere")
    verified = fetch(plan_of(tree, listed(index)), client, folder)
    assert [file.pin.artifact.name for file in verified.files] == ["demo"]
