from dataclasses import dataclass, field

import pytest
from pip._internal.models.link import Link, links_equivalent

from safeinstall.facts.addresses import comparable, place_of

FILE = "https://files.example/a-1.0.tar.gz"
PAIRS = {
    "itself": (FILE, FILE, True),
    "the order of the keys": (f"{FILE}?x=1&y=2", f"{FILE}?y=2&x=1", True),
    "the order of the values": (f"{FILE}?x=1&x=2", f"{FILE}?x=2&x=1", False),
    "another value": (f"{FILE}?x=1", f"{FILE}?x=2", False),
    "a key without a value": (f"{FILE}?x=", FILE, True),
    "a value that is quoted": (f"{FILE}?x=%31", f"{FILE}?x=1", True),
    "a user": ("https://me:secret@files.example/a-1.0.tar.gz", FILE, True),
    "a host in upper case": ("https://FILES.example/a-1.0.tar.gz", FILE, False),
    "a scheme in upper case": ("HTTPS://files.example/a-1.0.tar.gz", FILE, True),
    "a port": ("https://files.example:443/a-1.0.tar.gz", FILE, False),
    "a path that is quoted": ("https://files.example/%61-1.0.tar.gz", FILE, False),
    "a slash at the end": (f"{FILE}/", FILE, False),
    "this host": ("file://localhost/a", "file:///a", True),
    "one slash": ("file:/a", "file:///a", True),
    "another host": ("file://there/a", "file:///a", False),
    "a repository of this host": ("git+file://localhost/a", "git+file:///a", False),
    "a user of a repository": ("git+ssh://git@h.example/a@v1", "git+ssh://h.example/a@v1", True),
    "a branch": ("git+https://h.example/a@v1", "git+https://h.example/a@v2", False),
}


@dataclass(frozen=True)
class Place:
    url: str = FILE
    subdirectory: str = ""
    hashes: dict[str, str] = field(default_factory=dict)


@pytest.mark.parametrize(("one", "other", "same"), PAIRS.values(), ids=PAIRS)
def test_addresses_are_the_same_where_pip_takes_them_so(one, other, same):
    assert (comparable(one) == comparable(other)) is same
    assert links_equivalent(Link(one), Link(other)) is same


def test_what_is_no_address():
    with pytest.raises(ValueError, match="IPv6"):
        comparable("https://[::1/a")


def test_a_place_is_told_apart_by_folder_and_hash():
    places = [
        Place(),
        Place(subdirectory="a"),
        Place(hashes={"md5": "0"}),
        Place(hashes={"md5": "1"}),
        Place(f"{FILE}?x"),
    ]
    assert len({place_of(place) for place in places}) == 4
    assert place_of(Place(hashes={"md5": "0", "sha1": "1"})) == place_of(Place(hashes={"sha1": "1", "md5": "0"}))
