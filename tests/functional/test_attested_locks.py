"""A lock says who attested its files (PEP 751, ``attestation-identities``), and is held to it."""

from __future__ import annotations

import hashlib
import json
import sys

import pytest
from lib import sigstore, sites
from lib.gate import parametrize
from lib.schemas import cyclonedx_problems
from lib.shell import told
from lib.wheels import make_sdist

from safeinstall.sources.provenance.extra import INSTALL

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

APP = "app-1.0-py3-none-any.whl"
ACME = {"kind": "GitHub", "repository": "acme/app", "workflow": "release.yml", "environment": "pypi"}
RULE = '[rules.provenance]\nlevel = "allow"\nverify = false\n'


def attest(filename, sha256):
    return sigstore.attest(filename, sha256, publisher=sigstore.github("acme/app", "release.yml", "pypi"))


@pytest.fixture(scope="module")
def root():
    return sigstore.trusted_root()


@pytest.fixture(params=[pytest.param("23.2.1", marks=pytest.mark.slow), "26.3"])
def user(request, shell_of, root):
    """A user with a Sigstore of their own, whose index has a file that is attested, and one that is not."""
    shell = shell_of(request.param)
    shell.offer("app", "1.0", ["lib"], provenance=attest)
    shell.offer("lib", "1.0")
    shell.write("root.json", root)
    believe(shell, root)
    return shell


def believe(shell, root, rules=RULE):
    digest = f"sha256:{hashlib.sha256(root).hexdigest()}"
    shell.policy(f'[provenance]\nroot = "{shell.work}/root.json"\nroot-sha256 = "{digest}"\n{rules}')


def lock(shell, *identities, kind="wheels"):
    """Write the lock of that file, with who attested it."""
    said = shell.index.find(APP)
    lines = ['lock-version = "1.0"', 'created-by = "me"', "[[packages]]", 'name = "app"', 'version = "1.0"']
    for identity in identities:
        lines += [
            "[[packages.attestation-identities]]",
            *(f"{key} = {_toml(value)}" for key, value in identity.items()),
        ]
    lines += ["[[packages.wheels]]", f'name = "{APP}"'] if kind == "wheels" else [f"[packages.{kind}]"]
    lines += [f'url = "{shell.index.file_url(APP)}"', f'hashes = {{ sha256 = "{said.hashes["sha256"]}" }}']
    shell.write("pylock.toml", "\n".join(lines))


def _toml(value):
    return f'"{value}"' if isinstance(value, str) else str(value)


def refusal(shell, *argv, code=10):
    """Return what is said of a refused lock; some pips say first that locks are an experiment."""
    err = shell.refuses("install", "-r", "pylock.toml", *argv, code=code)
    return "".join(line for line in err.splitlines(keepends=True) if not line.startswith("WARNING: Using pylock"))


@parametrize("user", ["25.1", "26.1", "26.3"], gate=(2,), indirect=True)
def test_what_is_proved_is_written_down_and_installed_again(user, root):
    believe(user, root, '[rules.provenance]\nlevel = "allow"\n')
    assert user.run("lock", "app", "-o", "pylock.toml").exit == 0
    app, lib = tomllib.loads((user.work / "pylock.toml").read_text())["packages"]
    assert app.pop("attestation-identities") == [ACME]
    assert (list(app), list(lib)) == (["name", "version", "wheels"], ["name", "version", "wheels"])
    done = user.install("-r", "pylock.toml", "--policy-report", "cyclonedx=bom.json")
    assert (done.exit, user.installed()) == (0, {"app": "1.0", "lib": "1.0"})
    bom = (user.work / "bom.json").read_text()
    assert cyclonedx_problems(bom) is None
    built, plain = json.loads(bom)["components"]
    assert built["pedigree"]["commits"][0]["uid"] == sigstore.COMMIT
    assert not {"pedigree", "evidence", "externalReferences"} & plain.keys()


@pytest.mark.slow
@pytest.mark.parametrize("user", ["26.3"], indirect=True)
def test_so_it_is_of_a_source_distribution(user, root):
    believe(user, root, '[rules.provenance]\nlevel = "allow"\n')
    user.index.projects.clear()
    user.index.add(*make_sdist("app", "1.0"), provenance=attest)
    assert user.run("lock", "app", "-o", "pylock.toml").exit == 0
    (app,) = tomllib.loads((user.work / "pylock.toml").read_text())["packages"]
    assert (app["attestation-identities"], app["sdist"]["name"]) == ([ACME], "app-1.0.tar.gz")


@pytest.mark.slow
@pytest.mark.parametrize("user", ["26.3"], indirect=True)
def test_so_it_is_on_standard_output(user, root):
    believe(user, root, '[rules.provenance]\nlevel = "allow"\n')
    printed = user.run("lock", "app", "-o", "-").out
    app, _ = tomllib.loads(printed[printed.index("lock-version") :])["packages"]
    assert app["attestation-identities"] == [ACME]


@pytest.mark.slow
@pytest.mark.parametrize("user", ["26.3"], indirect=True)
def test_what_is_only_claimed_is_not_written_down(user):
    assert user.run("lock", "app", "-o", "pylock.toml").exit == 0
    assert "attestation" not in (user.work / "pylock.toml").read_text()


@parametrize("user", ["23.2.1", "26.1", "26.3"], gate=(2,), indirect=True)
@pytest.mark.parametrize("rules", ["", pytest.param(RULE, marks=pytest.mark.slow)], ids=["no rule", "rule"])
def test_another_publisher_than_the_lock_names_is_denied_by_every_policy(user, root, rules):
    believe(user, root, rules)
    lock(user, {**ACME, "repository": "acme/other"})
    assert refusal(user) == told(f"""
        safe-pip: refused app 1.0 (app-1.0-py3-none-any.whl) from INDEX/simple/
          provenance        attested by GitHub acme/app, release.yml, environment pypi; pylock.toml names GitHub acme/other, release.yml, environment pypi
                            policy: policy.toml{":5" if rules else ""} (rules.provenance)
          required by       app==1.0 (you)
          newest allowed    pylock.toml binds app to this file; lock again for another (safe-pip fix pylock.toml)
          way out           if the project tells that it has moved, lock again
        safe-pip: denied by policy policy.toml; nothing was installed
    """)


def test_what_the_lock_saw_attested_and_nobody_attests_now_is_denied(user, root):
    believe(user, root, "")
    user.offer("app", "1.0", ["lib"])
    lock(user, ACME)
    assert refusal(user) == told("""
        safe-pip: refused app 1.0 (app-1.0-py3-none-any.whl) from INDEX/simple/
          provenance        nobody has attested it; pylock.toml names GitHub acme/app, release.yml, environment pypi
                            policy: policy.toml (rules.provenance)
          required by       app==1.0 (you)
          newest allowed    pylock.toml binds app to this file; lock again for another (safe-pip fix pylock.toml)
          way out           if the project tells why, lock again
        safe-pip: denied by policy policy.toml; nothing was installed
    """)


@pytest.mark.slow
def test_one_of_several_whom_the_lock_names_is_enough(user):
    lock(user, {**ACME, "repository": "acme/other"}, {"kind": "Forge"}, ACME)
    done = user.run("install", "--dry-run", "-v", "--no-deps", "-r", "pylock.toml")
    assert done.exit == 0
    assert [line for line in done.err.splitlines() if line.startswith("safe-pip")] == [
        f"safe-pip: built by: app 1.0: GitHub acme/app, release.yml, environment pypi, commit {sigstore.COMMIT[:12]}, verified"
    ]


@pytest.mark.slow
def test_an_archive_is_no_way_around(user, root):
    believe(user, root, "")
    lock(user, {**ACME, "workflow": "other.yml"}, kind="archive")
    assert "; pylock.toml names GitHub acme/app, other.yml, environment pypi\n" in refusal(user, "--no-deps")
    lock(user, ACME, kind="archive")
    done = user.install("--no-deps", "-r", "pylock.toml")
    assert (done.exit, user.installed()) == (0, {"app": "1.0"})


@pytest.mark.parametrize(
    ("identity", "problem", "way_out"),
    [
        ({**ACME, "repository": 3}, "has a repository that is no name", "correct the lock, or lock again"),
        pytest.param(
            {"kind": "GitHub", "repository": "acme/app"}, "has no workflow", "correct the lock, or lock again",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"kind": "Forge", "repository": "acme/app"}, "is of the kind Forge, which is not known",
            "upgrade safe-pip, or lock again without attestation-identities", marks=pytest.mark.slow,
        ),
    ],
)  # fmt: skip
def test_a_lock_that_names_nobody_is_refused_before_anything_is_asked(user, identity, problem, way_out):
    lock(user, identity)
    assert refusal(user, code=13) == told(f"""
        safe-pip: pylock.toml names for app an attestation identity that {problem}
        safe-pip: way out: {way_out}
        safe-pip: nothing was installed (exit 13)
    """)
    assert user.index.paths() == []


@pytest.mark.slow
@pytest.mark.parametrize("editable", ["", ", editable = true"])
def test_a_directory_is_attested_by_nobody(user, editable):
    user.write("tree/pyproject.toml", '[project]\nname = "app"\nversion = "1.0"\n')
    text = '[[packages]]\nname = "app"\nattestation-identities = [{kind = "Google", email = "a@acme.example"}]\n'
    text += f'directory = {{path = "tree"{editable}}}\n'
    user.write("pylock.toml", f'lock-version = "1.0"\ncreated-by = "me"\n{text}')
    what = refusal(user, code=13).splitlines()
    assert what[0].startswith("safe-pip: pylock.toml names who attested ")
    assert what[0].endswith(", which is no file")
    assert what[1:] == [
        "safe-pip: way out: lock again without attestation-identities", "safe-pip: nothing was installed (exit 13)",
    ]  # fmt: skip


def test_without_what_proves_it_nothing_is_installed_or_asked(user):
    lock(user, ACME)
    site = sites.plain_site(user.tmp / "site")
    done = sites.run_from(site, "install", "-r", "pylock.toml", environ=user.environ, cwd=user.work)
    said = [line for line in done.stderr.splitlines() if line.startswith("safe-pip")]
    assert (done.returncode, said, user.installed(), user.index.paths()) == (
        12,
        [
            (
                "safe-pip: pylock.toml (attestation-identities of app): it asks for proof of provenance,"
                " which needs pypi-attestations and sigstore"
            ),
            f"safe-pip: way out: install what proves it: {INSTALL}",
            "safe-pip: nothing was installed (exit 12)",
        ],
        {},
        [],
    )


@pytest.mark.slow
def test_a_kind_that_is_no_text_is_what_pip_itself_refuses(user):
    lock(user, {"kind": 3})
    done = user.run("install", "-r", "pylock.toml")
    assert (done.exit, user.installed()) == (1, {})
    assert "attestation-identities[0].kind" in done.err
