from __future__ import annotations

import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lib.pins import artifact_of, pin_of
from lib.wheels import make_sdist, make_wheel

from safeinstall.errors import IntegrityError
from safeinstall.plan.plan import Plan
from safeinstall.sources.archives.archives import check_sdist, check_wheel
from safeinstall.sources.files.fetch import fetch

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = [
    make_wheel("demo", "1.0", ["six"], entry_points="[console_scripts]\ndemo = demo:main\n"),
    make_wheel("empty", "2", files={}),
    make_sdist("source", "3"),
]


@dataclass
class Answer:
    """A client and its answer at once: whatever is asked for, these bytes, in pieces."""

    data: bytes
    status: ClassVar = 200
    headers: ClassVar = {}

    @contextmanager
    def stream(self, url, *, headers, index_url, accept):
        yield self

    @property
    def chunks(self) -> Iterator[bytes]:
        return (self.data[n : n + 100] for n in range(0, len(self.data), 100))


def fetched(filename: str, judged: bytes, served: bytes, **facts) -> str:
    """Return the sha256 of what was verified."""
    pin = pin_of(artifact_of(filename, judged, **facts), requires=["six"] if filename.startswith("demo") else [])
    with tempfile.TemporaryDirectory() as folder:
        return fetch(Plan.of([pin]), Answer(served), Path(folder) / "files").files[0].sha256


@given(file=st.sampled_from(FILES), place=st.integers(min_value=0), change=st.integers(1, 255))
def test_one_changed_byte_never_verifies(file, place, change):
    """Whichever byte of whichever file is changed in whichever way: it is refused."""
    filename, data = file
    place %= len(data)
    served = data[:place] + bytes([data[place] ^ change]) + data[place + 1 :]
    with pytest.raises(IntegrityError) as caught:
        fetched(filename, data, served)
    assert str(caught.value).startswith(f"{filename} from default has sha256 ")


@given(file=st.sampled_from(FILES), length=st.integers(min_value=0))
def test_a_file_cut_anywhere_never_verifies(file, length):
    """However much of the end is missing, and whether or not the index published the size: it is refused."""
    filename, data = file
    with pytest.raises(IntegrityError):
        fetched(filename, data, data[: length % len(data)], size=None)


@pytest.mark.parametrize("file", FILES, ids=[filename for filename, _ in FILES])
def test_the_unchanged_file_does_verify(file):
    filename, data = file
    assert fetched(filename, data, data) == artifact_of(filename, data).sha256


@given(data=st.binary(max_size=400), file=st.sampled_from(FILES), place=st.integers(min_value=0))
def test_hostile_bytes_are_read_or_refused(data, file, place):
    """Whatever stands in an archive: the check returns or says why not, and never fails in another way."""
    filename, whole = file
    place %= len(whole)
    with tempfile.NamedTemporaryFile() as temporary:
        path = Path(temporary.name)
        path.write_bytes(whole[:place] + data + whole[place + len(data) :])
        with suppress(IntegrityError):
            (check_wheel if filename.endswith(".whl") else check_sdist)(path, filename)
