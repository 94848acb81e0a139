"""Credentials for an index, from wherever pip finds them, and shown to nobody."""

from __future__ import annotations

import pytest

SECRET = ("alice", "s3cret/word")


@pytest.fixture
def private(shell):
    """A user whose index wants a user and a password."""
    shell.policy("")
    shell.offer("app", "1.0")
    shell.index.credentials = SECRET
    return shell


def address(shell, userinfo):
    return {"PIP_INDEX_URL": shell.index.url.replace("//", f"//{userinfo}@")}


def keyring(shell):
    """Put a ``keyring`` program on PATH that knows the password, and notes what it was asked."""
    script = f'#!/bin/sh\necho "$@" >> {shell.tmp}/asked\n[ "$1" = get ] && echo "{SECRET[1]}"\n'
    shell.write("bin/keyring", script).chmod(0o755)
    return {"PATH": f"{shell.work}/bin:{shell.environ['PATH']}", "PIP_KEYRING_PROVIDER": "subprocess"}


def test_from_the_address(private):
    done = private.install("app", env=address(private, "alice:s3cret%2Fword"))
    assert done.exit == 0
    assert private.installed() == {"app": "1.0"}
    assert "s3cret" not in done.out + done.err + str(private.receipts())


def test_from_netrc(private):
    netrc = private.home / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login {SECRET[0]} password {SECRET[1]}\n")
    netrc.chmod(0o600)
    assert private.install("app").exit == 0


def test_from_the_keyring_after_a_401(private):
    done = private.install("app", env=keyring(private) | address(private, "alice"))
    assert done.exit == 0, done
    assert private.installed() == {"app": "1.0"}
    assert (private.tmp / "asked").read_text().splitlines()[0].endswith(" alice")
    assert "s3cret" not in done.out + done.err + str(private.receipts())


def test_from_nowhere(private):
    err = private.refuses("install", "app", code=11)
    assert err.splitlines() == [
        "safe-pip: INDEX/simple/app/ answered 401 Unauthorized",
        "safe-pip: way out: check the user and password for this index, or ask whoever runs it whether it blocks this",
        "safe-pip: nothing was installed (exit 11)",
    ]


def test_a_wrong_password_from_the_keyring_is_asked_for_once(private):
    private.index.credentials = ("alice", "changed since")
    assert "answered 401 Unauthorized" in private.refuses(
        "install", "app", code=11, env=keyring(private) | address(private, "alice")
    )
    assert len((private.tmp / "asked").read_text().splitlines()) == 1
