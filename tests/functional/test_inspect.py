"""``safe-pip inspect`` with a real index, a Sigstore of the test's own, and a real repository."""

from __future__ import annotations

import hashlib
import json
from functools import partial

import pytest
from lib import sigstore
from lib.repositories import Repository
from lib.wheels import make_sdist, make_wheel

CODE, EVIL = "def run():\n    return 1\n", "import acme.a\n"
SETUP = "from setuptools import setup\nsetup()\n"
VERSION = "version = '1.0'\n"


@pytest.fixture
def repository(shell):
    made = Repository.make(shell.tmp / "mirror" / "acme" / "app", {"src/acme/a.py": CODE, "setup.py": SETUP})
    root = shell.write("root.json", sigstore.trusted_root())
    digest = hashlib.sha256(root.read_bytes()).hexdigest()
    mirrors = f'mirrors = {{ "https://github.com/" = "{shell.tmp}/mirror/" }}\n'
    shell.policy(f'[provenance]\nroot = "{root}"\nroot-sha256 = "sha256:{digest}"\n{mirrors}')
    return made


def offer(shell, made, provenance=None):
    shell.index.add(*made, provenance=provenance)


def published(shell, repository, *, wheel=None, sdist=None, **metadata):
    """Publish a release as a workflow of the repository does."""
    attest = partial(sigstore.attest, publisher=sigstore.github("acme/app", "release.yml"), commit=repository.head)
    offer(
        shell,
        make_wheel("acme", "1.0", files=wheel or {"acme/a.py": CODE, "acme/_version.py": VERSION}, **metadata),
        attest,
    )
    offer(shell, make_sdist("acme", "1.0", files=sdist or {"src/acme/a.py": CODE}, setup_py=SETUP), attest)


def digest_of(shell, filename):
    return shell.index.find(filename).hashes["sha256"]


def test_a_release_that_is_proved_from_its_commit_to_its_files(shell, repository):
    published(shell, repository)
    done = shell.run("inspect", "acme==1.0")
    attested = f"""\
  built by      GitHub acme/app, release.yml
  this is       verified: signature, certificate, log entry, file name and sha256
  commit        {repository.head} of https://github.com/acme/app (refs/tags/v1)
  run           https://github.com/acme/app/actions/runs/1/attempts/1
  logged        2026-03-01 12:00 UTC, entry 700000000
"""
    assert done.err == ""
    assert (
        done.out
        == f"""\
acme 1.0

acme-1.0-py3-none-any.whl from INDEX/simple/, uploaded 2020-01-01 00:00 UTC
  sha256        {digest_of(shell, "acme-1.0-py3-none-any.whl")}
{attested}
acme-1.0.tar.gz from INDEX/simple/, uploaded 2020-01-01 00:00 UTC
  sha256        {digest_of(shell, "acme-1.0.tar.gz")}
{attested}
acme-1.0-py3-none-any.whl compared with acme-1.0.tar.gz
  the same      2 files
  explained     2 metadata, acme/_version.py (version file)

acme-1.0.tar.gz compared with commit {repository.head[:12]} of https://github.com/acme/app
  the same      2 files
  explained     1 metadata
"""
    )
    assert done.exit == 0


def test_what_is_in_one_of_them_alone(shell, repository):
    published(
        shell,
        repository,
        wheel={"acme/a.py": CODE, "acme/evil.py": EVIL, "acme/b.py": "b", "acme/data": "d"},
        sdist={"src/acme/a.py": CODE, "src/acme/b.py": "c"},
        metadata_extra="Project-URL: Source, https://github.com/other/app\nProject-URL: Docs, https://acme.example\n",
    )
    done = shell.run("inspect", "acme==1.0")
    assert done.exit == 0
    for line in (
        "  NOT IN IT     acme/evil.py\n  DIFFERS       acme/b.py\n  other files   acme/data\n",
        "  but           its metadata claims another repository: Source, https://github.com/other/app\n",
        "  NOT IN IT     src/acme/b.py\n",
    ):
        assert line in done.out


@pytest.mark.slow
def test_for_programs(shell, repository):
    published(shell, repository, wheel={"acme/a.py": CODE, "acme/evil.py": EVIL})
    done = shell.run("inspect", "acme==1.0", "--json")
    told = json.loads(done.out)
    wheel, sdist = told["files"]
    assert (told["name"], told["version"], told["exit_code"], told["notes"]) == ("acme", "1.0", 0, [])
    assert (wheel["kind"], sdist["kind"]) == ("wheel", "sdist")
    assert wheel["provenance"]["state"] == "verified"
    (attestation,) = wheel["provenance"]["attestations"]
    assert attestation["publisher"] == {
        "kind": "GitHub", "repository": "acme/app", "workflow": "release.yml", "environment": None,
    }  # fmt: skip
    assert (attestation["commit"], attestation["log_index"]) == (repository.head, 700000000)
    first, second = told["comparisons"]
    assert [each["path"] for each in first["unfound"] if each["python_runs_it"]] == ["acme/evil.py"]
    assert (first["source"], second["problem"]) == ("acme-1.0.tar.gz", None)


def test_other_bytes_than_the_index_promised(shell, repository):
    shell.index.add(*make_wheel("acme", "1.0", files={"acme/a.py": CODE}), hashes={"sha256": "ab" * 32})
    assert "acme-1.0-py3-none-any.whl" in shell.refuses("inspect", "acme==1.0")


def test_what_does_not_hold(shell, repository):
    published(shell, repository)
    offer(shell, make_wheel("acme", "1.0", files={"acme/a.py": EVIL}), lambda name, _: sigstore.attest(name, "ab" * 32))
    done = shell.run("inspect", "acme==1.0")
    assert done.exit == 10
    assert (
        "  built by      REFUTED: the attestation of GitHub acme/app, release.yml does not hold: "
        f"it is of other bytes: sha256 {'ab' * 32}\n"
        "  way out       do not install it; tell the project and whoever runs the index\n"
    ) in done.out


def test_a_file_of_this_machine_is_known_by_its_sha256(shell, repository):
    published(shell, repository)
    name = "acme-1.0-py3-none-any.whl"
    file = shell.write(name, shell.index.find(name).data)
    done = shell.run("inspect", file)
    assert (done.exit, done.err) == (0, "")
    assert "  this is       verified" in done.out
    assert shell.index.file_path(name) not in shell.index.paths()


def test_another_file_than_the_one_of_that_name_that_the_index_has(shell, repository):
    published(shell, repository)
    name, data = make_wheel("acme", "1.0", files={"acme/a.py": CODE, "acme/evil.py": EVIL})
    done = shell.run("inspect", shell.write(name, data))
    told = (
        f"  built by      not known: INDEX/simple/ has another file of this name, sha256 {digest_of(shell, name)}\n"
        "  way out       do not install it, unless you know who built it and why it is another\n"
    )
    assert told in done.out
    assert "  NOT IN IT     acme/evil.py\n" in done.out
    assert done.exit == 10
    (wheel, _) = json.loads(shell.run("inspect", name, "--json").out)["files"]
    assert (wheel["provenance"]["state"], wheel["index_sha256"]) == ("missing", digest_of(shell, name))


@pytest.mark.slow
def test_a_file_of_no_index_is_compared_all_the_same(shell, repository):
    published(shell, repository)
    name, data = make_wheel("acme", "1.0", files={"acme/a.py": CODE, "acme/evil.py": EVIL}, build="7")
    done = shell.run("inspect", shell.write(name, data))
    assert done.exit == 11
    assert f"  built by      not known: no index that was asked lists a file with the sha256 of {name}\n" in done.out
    assert "  NOT IN IT     acme/evil.py\n" in done.out


def test_a_file_that_is_none(shell):
    shell.write("acme-1.0-py3-none-any.whl", "not a wheel")
    assert shell.refuses("inspect", "acme-1.0-py3-none-any.whl", code=11).splitlines()[0] == (
        "safe-pip: acme-1.0-py3-none-any.whl is called like a zip archive and is none"
    )


def test_nothing_of_it_runs(shell, repository):
    marker = shell.work / "ran"
    harm = f"open({str(marker)!r}, 'w')\n"
    published(
        shell, repository, wheel={"acme/__init__.py": harm, "acme.pth": f"import os; {harm}"}, sdist={"harm.py": harm}
    )
    assert shell.run("inspect", "acme==1.0").exit == 0
    assert not marker.exists()
    assert shell.installed() == {}


def test_a_release_that_nobody_has(shell):
    assert "no index that was asked has acme 9.9" in shell.refuses("inspect", "acme==9.9", code=1)
