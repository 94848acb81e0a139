"""What the policy denies by its source alone is never asked: no page, no file, no connection."""

from __future__ import annotations

import pytest
from lib.gate import parametrize
from lib.index import LocalIndex
from lib.shell import told
from lib.wheels import make_wheel

DENIED = '[rules.direct-references]\nfind-links = "deny"\n'


@pytest.fixture
def other(shell):
    """Another index, with a newer file; its page serves as find-links, too."""
    with LocalIndex() as other:
        other.add(*make_wheel("app", "2.0"))
        shell.policy(DENIED)
        yield other


def links(other):
    return "--find-links", f"{other.url}app/"


def exception(package, expires):
    about = f'package = "{package}"\nrules = ["direct-references"]\nreason = "ours"\nexpires = {expires}'
    return f"[[exceptions]]\n{about}\n"


def neutral(text, other):
    return text.replace(other.root, "OTHER")


@parametrize("argv", [("install", "app"), ("install", "--dry-run", "app==2.0"), ("download", "app<3")], gate=(0,))
def test_find_links(shell, other, argv):
    asked = argv[-1]
    assert neutral(shell.refuses(*argv, *links(other)), other) == told(f"""
        safe-pip: refused app any version (every file) from OTHER/simple/app/
          direct-references comes from a find-links location (OTHER/simple/app/); the policy asks for an index
                            policy: policy.toml:3 (rules.direct-references.find-links)
          required by       {asked} (you)
          newest allowed    no file of app passes this policy
          way out           install app from an index
        safe-pip: denied by policy policy.toml; nothing was installed
    """)
    assert other.requests == []


def test_find_links_beside_an_index_that_has_it(shell, other):
    shell.offer("app", "1.0")
    done = shell.install("app", *links(other))
    assert (done.exit, shell.installed()) == (0, {"app": "1.0"})
    assert neutral(done.err, other) == (
        "safe-pip: OTHER/simple/app/ was not asked: direct-references: comes from a find-links location"
        " (OTHER/simple/app/); the policy asks for an index\n"
    )
    assert other.requests == []
    assert shell.receipts()[-1]["exit_code"] == 0


def test_whether_pip_would_take_what_is_there_nobody_knows(shell, other):
    shell.offer("app", "1.0")
    shell.policy(f'select = "strict"\n{DENIED}')
    assert "refused app any version (every file)" in shell.refuses("install", "app", *links(other))
    assert other.requests == []


@parametrize(
    ("policy", "is_asked"),
    [
        (f'fail-on = "warn"\n{DENIED.replace("deny", "warn")}', False),
        (f'mode = "audit"\n{DENIED}', True),
        (DENIED.replace("deny", "warn"), True),
        (
            f'{DENIED}[[overrides]]\npackage = "app<3"\n[overrides.rules.direct-references]\nfind-links = "allow"\n',
            True,
        ),
        (f'{DENIED}[[overrides]]\npackage = "lib"\n[overrides.rules.direct-references]\nfind-links = "allow"\n', False),
        (DENIED + exception("app==2.0", "9999-12-31"), True),
        (DENIED + exception("app==2.0", "2020-01-01"), False),
        (DENIED + exception("lib", "9999-12-31"), False),
    ],
    gate=(0, 1, 3, 5, 7),
)
def test_it_is_asked_where_some_file_of_it_may_pass(shell, other, policy, is_asked):
    shell.policy(policy)
    done = shell.install("app", *links(other))
    assert done.exit == (0 if is_asked else 10)
    assert bool(other.requests) is is_asked


def test_a_host_whose_certificate_is_not_checked(shell):
    with LocalIndex(tls=True) as other:
        other.add(*make_wheel("app", "2.0"))
        shell.policy("[rules.indexes]\n")
        argv = ("install", "app", "--index-url", other.url, "--trusted-host", "127.0.0.1")
        assert neutral(shell.refuses(*argv), other) == told("""
            safe-pip: refused app any version (every file) from OTHER/simple/
              indexes           comes from OTHER/simple/, whose certificate is not checked: trusted-host 127.0.0.1
                                policy: policy.toml:2 (rules.indexes.trusted-host)
              required by       app (you)
              newest allowed    no file of app passes this policy
              way out           take the host out of pip's trusted-host, and give pip its certificate authority with --cert
            safe-pip: denied by policy policy.toml; nothing was installed
        """)
        assert other.requests == []
        shell.policy('[rules.indexes]\ntrusted-host = "warn"\n')
        assert shell.install(*argv[1:]).exit == 0


def test_plain_http_to_another_machine(shell):
    """Nobody is there: to ask would be to fail."""
    shell.policy('[rules.indexes]\nplain-http = "deny"\n')
    argv = ("install", "app", "--extra-index-url", "http://index.invalid/simple/")
    err = shell.refuses(*argv, "--trusted-host", "index.invalid")
    assert "  indexes           comes from http://index.invalid/simple/ over plain HTTP" in err
    shell.offer("app", "1.0")
    assert shell.install(*argv[1:], "--trusted-host", "index.invalid").exit == 0


def test_no_rival_is_made_of_what_was_not_asked(shell):
    shell.policy("[rules.indexes]\n")
    shell.offer("app", "1.0")
    done = shell.install("app", "--extra-index-url", "http://index.invalid/simple/")
    assert (done.exit, shell.installed()) == (0, {"app": "1.0"})


def test_an_index_that_is_not_listed(shell, other):
    shell.policy(f'[[indexes]]\nname = "own"\nurl = "{shell.index.url}"\n[rules.indexes]\n')
    shell.refuses("install", "app", "--extra-index-url", other.url, code=1)
    assert other.requests == []


@parametrize("by", ["the user", "a dependency", "a constraint"], gate=(1,))
def test_a_direct_reference(shell, other, by):
    shell.policy('[rules.direct-references]\nurl = "deny"\n')
    reference = f"app @ {other.file_url('app-2.0-py3-none-any.whl')}"
    shell.offer("top", "1.0", [reference])
    shell.write("c.txt", reference)
    argv = {"the user": [reference], "a dependency": ["top"], "a constraint": ["app", "-c", "c.txt"]}[by]
    assert "refused app 2.0 (app-2.0-py3-none-any.whl)" in shell.refuses("install", *argv)
    assert other.requests == []


def test_an_audit_tells_it_too(shell, other):
    shell.offer("app", "2.0")
    assert shell.pip("install", "app").exit == 0
    shell.index.projects.clear()
    shell.environ["PIP_FIND_LINKS"] = f"{other.url}app/"
    shell.write("r.txt", "app")
    for argv in (["audit"], ["audit", "-r", "r.txt"], ["policy", "explain", "app"]):
        assert "the policy asks for an index" in shell.run(*argv).out, argv
    assert other.requests == []
