"""``safe-pip provenance``: which trusted root there is, and how another comes in its place."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from datetime import datetime, timezone

import pytest
from lib import sigstore
from lib.sites import plain_site, run_from, site_with_bootstrap, site_with_broken_extra, whole_site
from lib.tuf_repository import TufRepository

ROOT = sigstore.trusted_root()
SHA = hashlib.sha256(ROOT).hexdigest()
INSTALL = f"{sys.executable} -m pip install 'safeinstall[provenance]'"


@pytest.fixture
def repository():
    with TufRepository() as repository:
        repository.offer_root(ROOT)
        yield repository


@pytest.fixture
def user(tmp_path):
    """Runs safe-pip as it is installed in a folder: exit code, standard output and standard error."""
    (tmp_path / "home").mkdir()
    environ = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    environ |= {"HOME": str(tmp_path / "home"), "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}

    def run(site, *words):
        done = run_from(site, "provenance", *words, environ=environ, cwd=tmp_path)
        return done.returncode, done.stdout.replace(str(tmp_path), "TMP"), done.stderr.replace(str(tmp_path), "TMP")

    return run


def test_the_root_of_the_library_is_used_until_another_is_brought(tmp_path, user, repository):
    site = site_with_bootstrap(tmp_path / "site", repository.first)
    today = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    told = f"the trusted root updated on {today}\n  of        {today}\n  sha256    {SHA}\n"
    assert user(site, "update-root", "--url", repository.url) == (0, told, "")
    kept = tmp_path / "home/.local/state/safe-pip/provenance/trusted_root.json"
    assert kept.read_bytes().endswith(b"\n" + ROOT)
    (site / "sigstore/_store").rename(site / "sigstore/none")
    assert user(site, "status") == (0, told, "")
    kept.unlink()
    missing = "there is no trusted root on this machine to prove provenance with"
    assert user(site, "status") == (11, f"{missing}\nway out: {INSTALL}\n", "")


def test_the_root_that_comes_with_the_library(tmp_path, user):
    code, out, err = user(whole_site(tmp_path / "site"), "status")
    assert (code, err) == (0, "")
    assert re.fullmatch(
        r"the trusted root that comes with sigstore\n  of        \d{4}-\d\d-\d\d\n  sha256    [0-9a-f]{64}\n", out
    )


def test_what_others_sign_is_not_taken(tmp_path, user, repository):
    with TufRepository() as other:
        site = site_with_bootstrap(tmp_path / "site", other.first)
    code, out, err = user(site, "update-root", "--url", repository.url)
    assert (code, out) == (11, "")
    first, hint, stopped = err.splitlines()
    assert first == (
        f"safe-pip: the trusted root could not be brought up to date from {repository.url}: "
        "timestamp was signed by 0/1 keys"
    )
    assert hint == "safe-pip: way out: try again, or name a mirror with --url; what was here before stays in use"
    assert stopped == "safe-pip: stopped (exit 11)"
    assert not (tmp_path / "home/.local/state/safe-pip/provenance/trusted_root.json").exists()


def test_the_root_of_an_own_sigstore_is_written_for_a_policy_to_name(tmp_path, user, repository):
    site = whole_site(tmp_path / "site")
    (tmp_path / "first.json").write_bytes(repository.first)
    own = ("update-root", "--url", repository.url, "--bootstrap", "first.json")
    code, out, err = user(site, *own)
    assert (code, out) == (2, "")
    assert "--bootstrap is for an own Sigstore, and needs --url and --output" in err
    assert user(site, *own, "--output", "root.json") == (0, f"the trusted root root.json\n  sha256    {SHA}\n", "")
    assert (tmp_path / "root.json").read_bytes() == ROOT
    code, _, err = user(site, *own[:-1], "frist.json", "--output", "root.json")
    assert (code, "did you mean first.json?" in err) == (2, True)
    code, _, err = user(site, *own, "--output", "no/root.json")
    assert (code, "cannot write no/root.json: No such file or directory" in err) == (2, True)


def test_without_the_extra_it_says_what_to_install(tmp_path, user):
    site = plain_site(tmp_path / "site")
    said = "safe-pip: the libraries that prove provenance are not installed\n"
    said += f"safe-pip: way out: install them: {INSTALL}\nsafe-pip: stopped (exit 13)\n"
    assert user(site, "update-root") == (13, "", said)


def test_an_extra_that_cannot_be_loaded(tmp_path, user):
    site = site_with_broken_extra(tmp_path / "site")
    (tmp_path / "first.json").write_text("{}")
    words = ("--url", "http://127.0.0.1:1", "--bootstrap", "first.json", "--output", "root.json")
    said = "safe-pip: the libraries that prove provenance cannot be loaded: of another time\n"
    said += f"safe-pip: way out: install them: {INSTALL}\nsafe-pip: stopped (exit 13)\n"
    assert user(site, "update-root", *words) == (13, "", said)
