"""Locks (PEP 751) for a pip that cannot read them: what is said of a package is what pip 26.1 would ask for."""

from __future__ import annotations

import pytest

from safeinstall.errors import RefusedError
from safeinstall.sources.pip.pylock_files import LockRequest, select

SHA256 = "ab" * 32
URL = "https://files.example/x-1.0.tar.gz"


def requirement(folder, facts):
    path = folder / "pylock.toml"
    path.write_text(f'lock-version = "1.0"\ncreated-by = "me"\n[[packages]]\nname = "app"\n{facts}\n')
    (row,) = select(LockRequest(path=str(path), markers={"python_full_version": "3.11.7"}, tags=["py3-none-any"]))
    return row["requirement"]


@pytest.mark.parametrize(
    ("facts", "expected"),
    {
        f'archive = {{url = "{URL}", hashes = {{sha256 = "{SHA256}"}}, subdirectory = "a/b"}}': f"app @ {URL}#subdirectory=a/b&sha256={SHA256}",
        f'archive = {{url = "{URL}", hashes = {{sha256 = "{SHA256}"}}}}': f"app @ {URL}#sha256={SHA256}",
        f'archive = {{url = "{URL}#egg=app", hashes = {{sha256 = "{SHA256}"}}}}': f"app @ {URL}#egg=app&sha256={SHA256}",
        'vcs = {type = "git", url = "https://git.example/x", commit-id = "c0ffee", subdirectory = "sub"}': "app @ git+https://git.example/x@c0ffee#subdirectory=sub",
        'vcs = {type = "git", url = "https://git.example/x", commit-id = "c0ffee"}': "app @ git+https://git.example/x@c0ffee",
    }.items(),
)
def test_a_subdirectory_is_part_of_the_address(tmp_path, facts, expected):
    assert requirement(tmp_path, facts) == expected


def test_a_subdirectory_of_a_tree_is_a_path(tmp_path):
    assert requirement(tmp_path, 'directory = {path = "tree", subdirectory = "a/b"}') == str(tmp_path / "tree/a/b")


def test_a_fragment_beside_a_subdirectory_is_refused(tmp_path):
    facts = f'archive = {{url = "{URL}#subdirectory=evil", hashes = {{sha256 = "{SHA256}"}}, subdirectory = "sub"}}'
    with pytest.raises(RefusedError, match=r"cannot be used: .* has a fragment and a subdirectory"):
        requirement(tmp_path, facts)


def test_who_attested_a_package_is_told_and_what_is_no_text_is_no_name(tmp_path):
    path = tmp_path / "pylock.toml"
    path.write_text(
        'lock-version = "1.0"\ncreated-by = "me"\n[[packages]]\nname = "app"\nversion = "1.0"\n'
        'attestation-identities = [{kind = "GitHub", repository = 2026-11-22, claims = {ref = "main"}}]\n'
        f'sdist = {{name = "app-1.0.tar.gz", url = "{URL}", hashes = {{sha256 = "{SHA256}"}}}}\n'
    )
    (row,) = select(LockRequest(path=str(path), markers={"python_full_version": "3.11.7"}, tags=["py3-none-any"]))
    assert row["attested"] == [{"kind": "GitHub", "repository": [], "claims": []}]


@pytest.mark.parametrize("identities", ['[{repository = "acme/app"}]', "[{kind = 3}]", '"GitHub"', '["GitHub"]'])
def test_what_is_no_attestation_identity_is_refused_as_pip_refuses_it(tmp_path, identities):
    facts = f'attestation-identities = {identities}\narchive = {{url = "{URL}", hashes = {{sha256 = "{SHA256}"}}}}'
    with pytest.raises(RefusedError, match=r"pylock.toml cannot be used: .*attestation-identities"):
        requirement(tmp_path, facts)
