"""What pip has written into a lock, with what is known of its files in place of where they lay."""

from __future__ import annotations

import sys

import pytest
from packaging.pylock import Pylock

from safeinstall.sources.pip.hosted.locks import plain_identities, with_addresses

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

STAGED = "file:///stage/app-1.0"
SIZE = 'url = "https://files.example/app-1.0"\nsize = 7'
IDENTITY = '[[packages.attestation-identities]]\nkind = "GitHub"\nrepository = "acme/app"\nworkflow = "release.yml"\n\n'
SHA256 = "ab" * 32
HEAD = 'lock-version = "1.0"\ncreated-by = "pip"\n\n[[packages]]\nname = "a"\nversion = "2"\n\n'
OF_A = f'[packages.sdist]\nname = "a-2.tar.gz"\nurl = "https://x/a-2.tar.gz"\nhashes = {{sha256 = "{SHA256}"}}\n\n'
HASHES = f'\n[packages.{{}}.hashes]\nsha256 = "{SHA256}"\n'


def rewritten(table, name):
    header = f"[[packages.{table}]]" if table == "wheels" else f"[packages.{table}]"
    text = f'{HEAD}{OF_A}[[packages]]\nname = "app"\nversion = "1.0"\n\n{header}\nname = "{name}"\nurl = "{STAGED}"\n'
    return tomllib.loads(with_addresses(text + HASHES.format(table), {STAGED: [SIZE, IDENTITY]}))


@pytest.mark.parametrize(("table", "name"), [("wheels", "app-1.0-py3-none-any.whl"), ("sdist", "app-1.0.tar.gz")])
def test_who_attested_a_file_is_said_of_its_package_alone(table, name):
    lock = rewritten(table, name)
    Pylock.from_dict(lock)
    first, app = lock["packages"]
    assert "attestation-identities" not in first
    assert app["attestation-identities"] == [{"kind": "GitHub", "repository": "acme/app", "workflow": "release.yml"}]
    (file,) = app[table] if table == "wheels" else [app[table]]
    assert file == {
        "name": name, "url": "https://files.example/app-1.0", "size": 7, "hashes": {"sha256": SHA256},
    }  # fmt: skip


def test_it_is_said_of_no_file_that_is_none_of_an_index():
    _, app = rewritten("archive", "app-1.0.tar.gz")["packages"]
    assert "attestation-identities" not in app


def test_what_is_not_in_the_lock_changes_nothing():
    assert with_addresses(HEAD + OF_A, {STAGED: [SIZE, IDENTITY]}) == HEAD + OF_A


def test_what_a_lock_says_is_fit_for_json():
    assert plain_identities([{"kind": "GitHub", "claims": {"a": 1}}]) == [{"kind": "GitHub", "claims": []}]
    assert plain_identities(None) == []
