from __future__ import annotations

import zipfile
from datetime import datetime, timezone
from pathlib import Path

import pytest

from safeinstall.errors import SourceError
from safeinstall.sources.advisories.osv_records import Identity, Limits, identify, read_records

HINT = "fetch it again, or correct `sources` under [advisories] in the policy"


def zipped(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path / "all.zip"


def tree(path: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = path / "db" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return path / "db"


both = pytest.mark.parametrize("make", [zipped, tree])


def refusal(source: Path, limits: Limits | None = None) -> str:
    with pytest.raises(SourceError) as caught:
        list(read_records(source, limits or Limits()))
    assert caught.value.hint == HINT
    assert caught.value.message.startswith(f"advisory source {source}: ")
    return caught.value.message.removeprefix(f"advisory source {source}: ")


@both
def test_every_json_file_is_a_record(tmp_path, make):
    source = make(tmp_path, {"a.json": "1", "vulns/x/b.json": "2", "README.md": "3"})

    assert list(read_records(source, Limits())) == [("a.json", b"1"), ("vulns/x/b.json", b"2")]


def test_hidden_directories_of_a_clone_are_passed_over(tmp_path):
    source = tree(tmp_path, {"a.json": "1", ".git/b.json": "2"})

    assert list(read_records(source, Limits())) == [("a.json", b"1")]


@both
@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(record=3), "b.json is larger than 3 bytes"),
        (Limits(records=1), "more than 1 records or 2147483648 bytes"),
        (Limits(total=6), "more than 1000000 records or 6 bytes"),
    ],
)
def test_what_is_too_large_is_refused(tmp_path, make, limits, reason):
    assert refusal(make(tmp_path, {"a.json": "123", "b.json": "1234"}), limits) == reason


@both
def test_as_large_as_allowed(tmp_path, make):
    source = make(tmp_path, {"a.json": "123", "b.json": "1234"})

    assert len(list(read_records(source, Limits(records=2, record=4, total=7)))) == 2


def test_a_bomb_is_not_unpacked_beyond_the_limit(tmp_path):
    source = zipped(tmp_path, {"a.json": "0" * 50_000_000})

    assert source.stat().st_size < 100_000
    assert refusal(source) == "a.json is larger than 8388608 bytes"


def test_a_flipped_bit_is_found(tmp_path):
    source = zipped(tmp_path, {"a.json": "hello"})
    data = bytearray(source.read_bytes())
    data[data.index(b"a.json") + 8] ^= 0xFF
    source.write_bytes(data)

    assert refusal(source).startswith("the zip is damaged or incomplete (")


def test_what_is_no_zip(tmp_path):
    source = tmp_path / "all.zip"
    source.write_text("<html>")

    assert refusal(source) == "the zip is damaged or incomplete (File is not a zip file)"


@both
def test_without_records(tmp_path, make):
    assert refusal(make(tmp_path, {"README.md": ""})) == "no .json file in it"


def test_a_file_of_a_tree_that_cannot_be_read(tmp_path):
    source = tree(tmp_path, {"a.json": "1"})
    (source / "b.json").symlink_to("nowhere")

    assert refusal(source) == "no such file or directory"


def test_what_is_not_there_has_no_identity(tmp_path):
    with pytest.raises(SourceError) as caught:
        identify(tmp_path / "gone")

    assert (caught.value.message, caught.value.hint) == (
        f"advisory source {tmp_path / 'gone'}: no such file or directory",
        HINT,
    )


@both
def test_the_identity_is_stable_and_changes_with_the_content(tmp_path, make):
    source = make(tmp_path, {"a.json": "1"})
    before = identify(source)

    assert identify(source) == before
    assert identify(make(tmp_path, {"a.json": "22"})).fingerprint != before.fingerprint


def test_the_age_of_a_state_is_that_of_its_newest_file():
    assert Identity("x", "f", 1_700_000_000_000_000_000).modified == datetime(
        2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc
    )
