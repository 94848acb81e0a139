"""Hashes that the user gives: each file is held to them, and where one is needed it must be there."""

from __future__ import annotations

import hashlib

import pytest
from lib.gate import parametrize
from lib.shell import told
from lib.wheels import make_wheel

APP = make_wheel("app", "1.0")[1]
WRONG = "ab" * 64


def digest(algorithm, data=APP):
    return hashlib.new(algorithm, data).hexdigest()


@pytest.fixture
def lock(shell):
    """Write a requirements file; the index offers app, which needs dep."""
    shell.policy("")
    shell.offer("app", "1.0")
    return lambda text: shell.write("lock.txt", text) and ("install", "-r", "lock.txt")


@parametrize("algorithm", ["sha256", "sha384", "sha512"], gate=(0,))
def test_the_right_hash(shell, lock, algorithm):
    argv = lock(f"app==1.0 --hash={algorithm}:{digest(algorithm)} --hash=sha256:{'ab' * 32}\n")
    assert (shell.run(*argv).exit, shell.installed()) == (0, {"app": "1.0"})


@parametrize("algorithm", ["sha384", "sha512"], gate=(1,))
def test_the_right_hash_is_enough_for_a_policy_that_asks_for_pins(shell, lock, algorithm):
    shell.policy("[rules.hashes]\n")
    assert shell.run(*lock(f"app==1.0 --hash={algorithm}:{digest(algorithm)}\n")).exit == 0
    wrong = WRONG[: len(digest(algorithm))]
    assert "you ask for" in shell.refuses(*lock(f"app==1.0 --hash={algorithm}:{wrong}\n"), "--force-reinstall")


@parametrize("algorithm", ["sha256", "sha512"], gate=(1,))
@pytest.mark.parametrize("published", [True, False])
def test_a_wrong_hash(shell, lock, algorithm, published):
    """Also where the index publishes no hash, or none of this kind: what counts is what was measured."""
    if not published:
        shell.offer("app", "1.0", hashes={})
    wrong = WRONG[: len(digest(algorithm))]
    err = shell.refuses(*lock(f"app==1.0 --hash={algorithm}:{wrong}\n"))
    assert err.replace(wrong, "WANTED").replace(digest(algorithm), "TRUE").replace(algorithm, "KIND") == told("""
        safe-pip: app-1.0-py3-none-any.whl from INDEX/simple/ has KIND:TRUE; you ask for KIND:WANTED
        safe-pip: way out: this is not the file that the hash was taken of: find out why before you take over another hash
        safe-pip: nothing was installed (exit 10)
    """)


def test_an_empty_hash(shell, lock):
    err = shell.refuses(*lock("app==1.0 --hash=sha256:\n"))
    assert err.replace(digest("sha256"), "TRUE").splitlines()[0] == (
        "safe-pip: app-1.0-py3-none-any.whl from INDEX/simple/ has sha256:TRUE; you ask for an empty sha256"
    )


def test_a_wrong_hash_in_an_address(shell, lock):
    url = shell.index.file_url("app-1.0-py3-none-any.whl")
    err = shell.refuses("install", f"app @ {url}#sha256={'ab' * 32}")
    assert err.replace("ab" * 32, "WANTED").replace(digest("sha256"), "TRUE") == told("""
        safe-pip: app-1.0-py3-none-any.whl from INDEX/files/app-1.0-py3-none-any.whl has sha256 TRUE where WANTED was promised
        safe-pip: way out: the file changed on the index or on its way here: do not install it, and tell whoever runs the index
        safe-pip: nothing was installed (exit 10)
    """)


def test_a_right_hash_in_an_address(shell, lock):
    url = shell.index.file_url("app-1.0-py3-none-any.whl")
    assert shell.install("--require-hashes", f"app @ {url}#sha256={digest('sha256')}").exit == 0


def test_a_wrong_hash_of_a_constraint(shell, lock):
    shell.write("c.txt", f"app==1.0 --hash=sha256:{'ab' * 32}\n")
    assert "you ask for sha256:abab" in shell.refuses("install", "-c", "c.txt", "app==1.0")


def test_a_wrong_hash_of_a_find_links_file(shell, lock):
    shell.write("files/app-1.0-py3-none-any.whl", APP)
    argv = lock(f"app==1.0 --hash=sha256:{'ab' * 32}\n")
    assert "you ask for sha256:abab" in shell.refuses(*argv, "--no-index", "--find-links", "files")


def test_where_hashes_are_required_each_requirement_needs_one(shell, lock):
    shell.offer("app", "1.0", ["dep==1.0"])
    true = shell.index.find("app-1.0-py3-none-any.whl").hashes["sha256"]
    dep = shell.offer("dep", "1.0").hashes["sha256"]
    assert shell.refuses(*lock(f"app==1.0 --hash=sha256:{true}\n"), code=1).replace(dep, "DEP") == told("""
        ERROR: Hashes are required in --require-hashes mode, but they are missing from some requirements. Here is a list of those requirements along with the hashes their downloaded archives actually had. Add lines like these to your requirements files to prevent tampering. (If you did not enable --require-hashes manually, note that it turns on automatically when any package has a hash.)
            dep==1.0 --hash=sha256:DEP
    """)


def test_where_hashes_are_required_each_requirement_is_pinned(shell, lock):
    true = digest("sha256")
    assert shell.refuses(*lock(f"app>=1.0 --hash=sha256:{true}\n"), code=1) == told("""
        ERROR: In --require-hashes mode, all requirements must have their versions pinned with ==. These do not:
            app>=1.0 from INDEX/files/app-1.0-py3-none-any.whl (from -r lock.txt (line 1))
    """)


def test_the_option_alone_requires_hashes(shell, lock):
    err = shell.refuses("install", "--require-hashes", "--dry-run", "app==1.0", code=1)
    assert err.splitlines()[1] == f"    app==1.0 --hash=sha256:{digest('sha256')}"
