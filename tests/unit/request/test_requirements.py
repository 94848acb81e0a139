"""Requirements as pip read them, and as a build asks for them."""

from __future__ import annotations

import pytest

from safeinstall.errors import MetadataInvalidError, RefusedError, UnsatisfiableError
from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.provenance import Publisher, PublisherKind
from safeinstall.request.requirements import parse_build_requirements, parse_reference, parse_roots

ROW = {
    "requirement": "app==1.0",
    "name": "app",
    "extras": [],
    "link": None,
    "applies": True,
    "editable": False,
    "of_lock": False,
    "constraint": False,
    "user_supplied": True,
    "origin": "",
}


@pytest.mark.parametrize(
    "text",
    [
        "((",
        "a @ http://[x/a-1.0-py3-none-any.whl",
        "a>=" + "9" * 6000,
        "a; " + "(" * 5000 + "os_name == 'x'" + ")" * 5000,
        'a; "x" in extras',
        "a\0b",
    ],
)
def test_what_a_build_asks_for_is_a_requirement(text):
    with pytest.raises(MetadataInvalidError) as caught:
        parse_build_requirements([text], {})
    assert caught.value.message == f"a build requires {text[:500]!r}, which is not a requirement (PEP 508)"


def test_of_a_build_only_what_applies_counts():
    found = parse_build_requirements(["a>=1", "b; os_name == 'x'", "c @ https://i.example/c.whl"], {"os_name": "posix"})
    assert [(root.name, str(root.specifier), bool(root.reference)) for root in found] == [
        ("a", ">=1", False),
        ("c", "", True),
    ]


@pytest.mark.parametrize("kind", ["foo", "shake_128", ""])
def test_a_hash_that_nobody_can_compute(kind):
    """A lock may name any."""
    with pytest.raises(UnsatisfiableError) as caught:
        parse_roots([{**ROW, "hashes": {kind: ["00"]}}])
    assert caught.value.message == f"Unknown hash name: {kind}"


@pytest.mark.parametrize(
    ("address", "kind", "hashes", "subdirectory"),
    [
        ("https://i.example/c.whl?x=1", ArtifactKind.WHEEL, {}, ""),
        ("https://i.example/c%2Ewhl", ArtifactKind.WHEEL, {}, ""),
        ("https://i.example/get?file=c.whl", ArtifactKind.SDIST, {}, ""),
        ("git+https://i.example/c.whl@v1", ArtifactKind.VCS, {}, ""),
        ("https://i.example/c.zip?a=1&md5=AB", ArtifactKind.SDIST, {"md5": "ab"}, ""),
        ("https://i.example/c.zip?md5=AB", ArtifactKind.SDIST, {}, ""),
        ("https://i.example/c.zip#md5=1&sha1=2&md5=3", ArtifactKind.SDIST, {"md5": "1", "sha1": "2"}, ""),
        ("https://i.example/c.zip#md5&sha1=2&subdirectory=a", ArtifactKind.SDIST, {"sha1": "2"}, "a"),
        ("https://i.example/c.zip?x&subdirectory=a", ArtifactKind.SDIST, {}, "a"),
        ("https://i.example/c.zip#subdirectory=a&subdirectory=b", ArtifactKind.SDIST, {}, "a"),
    ],
)
def test_what_an_address_says(address, kind, hashes, subdirectory):
    reference = parse_reference(address)
    assert (reference.kind, reference.hashes, reference.subdirectory) == (kind, hashes, subdirectory)


def test_an_address_is_written_as_pip_writes_it():
    """pip: models/link.py, ``url_without_fragment``."""
    assert parse_reference("file:/a/b#egg=c").url == "file:///a/b"
    assert parse_reference("HTTPS://i.example/c.whl?#x").url == "https://i.example/c.whl"


GITHUB = {"kind": "GitHub", "repository": "acme/app", "workflow": "release.yml"}
ACME = Publisher(kind=PublisherKind.GITHUB, repository="acme/app", workflow="release.yml")


def test_whom_a_lock_names_each_once_and_those_of_unknown_kinds_beside_others_not():
    said = {"attested": [GITHUB, {"kind": "Forge"}, {**GITHUB, "environment": ""}], "of_lock": True, "hashes": {}}
    link = {"url": "https://x/app-1.0.zip", "fragment": "", "path": None, "vcs": False, "directory": False}
    row = {**ROW, **said, "origin": "pylock.toml", "link": {**link, "filename": "app-1.0.zip"}}
    (root,) = parse_roots([row])
    assert (root.lock_publishers, root.reference.lock_publishers) == ((ACME,), (ACME,))


@pytest.mark.parametrize(
    ("table", "problem", "hint"),
    [
        ({**GITHUB, "workflow": []}, "has a workflow that is no name", "correct the lock, or lock again"),
        (
            {"kind": "Forge"},
            "is of the kind Forge, which is not known",
            "upgrade safe-pip, or lock again without attestation-identities",
        ),
    ],
)
def test_a_lock_that_names_nobody_cannot_be_kept_to(table, problem, hint):
    with pytest.raises(RefusedError) as caught:
        parse_roots([{**ROW, "hashes": {}, "attested": [table], "of_lock": True, "origin": "pylock.toml"}])
    assert caught.value.message == f"pylock.toml names for app an attestation identity that {problem}"
    assert caught.value.hint == hint


def test_hashes_are_compared_in_lower_case():
    (root,) = parse_roots([{**ROW, "hashes": {"sha256": ["AB"], "blake2b": ["00"]}}])
    assert root.hashes == {"sha256:ab", "blake2b:00"}
