"""While pip starts, work begins on what it will probably say. That is a guess: it decides nothing, and tells nobody."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess

import pytest
from lib.claims import claimed
from lib.index import LocalIndex
from lib.shell import Done, copy_environment, told, wait_until
from lib.wheels import make_sdist, make_wheel

from safeinstall.sources.pip.expectations import LONGEST, ExpectedPip, OtherwiseError, expect

WORDS = ("install", "-q", "app")


@pytest.fixture(autouse=True)
def begun(shell, monkeypatch):
    """Who starts in the target may be held up, and told of another index, by files that nobody else looks for."""
    shell.index.max_age = 60
    shell.offer("app", "1.0", ["dep"])
    shell.offer("dep", "1.0")
    shell.offer("other", "1.0")
    monkeypatch.chdir(shell.work)
    monkeypatch.setenv("HOME", str(shell.home))  # where the secret of a seal is
    start_up(shell)


def start_up(shell):
    hold, moved = shell.tmp / "hold", shell.tmp / "moved"
    (shell.site / "zz.pth").write_text(
        f"import os; [__import__('time').sleep(0.01) for _ in iter(lambda: __import__('os').path.exists({str(hold)!r}), False)];"
        f" os.environ.update([open({str(moved)!r}).read().split('=', 1)] if os.path.exists({str(moved)!r}) else [])\n"
    )


def renew(shell, template):
    """Put a new environment in the place of the old one, as in a job that begins anew."""
    shutil.rmtree(shell.target)
    copy_environment(template, shell.target)
    start_up(shell)


def move(shell, other):
    """From now on pip looks at *other*: no file that it reads, and no variable of the user's, has changed."""
    (shell.tmp / "moved").write_text(f"PIP_INDEX_URL={other.url}")


def is_expected(shell, *words):
    return expect(None, words or WORDS, shell.environ) is not None


def kept_file(shell):
    (kept,) = (shell.tmp / "state" / "expected").iterdir()
    return kept


def answered_before_pip(shell, *words):
    """Run a command whose pip starts only when the index has been asked."""
    shell.index.forget()
    (shell.tmp / "hold").touch()
    process = shell.start(*words)
    wait_until(lambda: shell.index.requests, "request while pip waits")
    (shell.tmp / "hold").unlink()
    return shell.finish(process)


def test_the_same_installation_in_a_new_environment_does_not_wait_for_pip(shell, template):
    shell.index.max_age = 0
    assert shell.run(*WORDS).exit == 0
    first = shell.index.paths()
    renew(shell, template)
    assert answered_before_pip(shell, *WORDS).exit == 0
    assert shell.installed() == {"app": "1.0", "dep": "1.0"}
    assert set(shell.index.paths()) <= set(first)
    assert len(shell.index.paths()) == len(set(shell.index.paths()))


def test_nor_does_another_requirement_with_the_same_options(shell, template):
    assert shell.run(*WORDS).exit == 0
    renew(shell, template)
    assert answered_before_pip(shell, "install", "-q", "other==1.0").exit == 0
    assert shell.installed() == {"other": "1.0"}
    assert shell.index.paths()[0] == shell.index.page_path("other")


def test_a_policy_that_came_meanwhile_says_who_is_asked_and_what_is_denied(shell, template):
    with LocalIndex() as other:
        other.add(*make_wheel("app", "2.0"))
        shell.environ["PIP_EXTRA_INDEX_URL"] = other.url
        shell.run(*WORDS)
        shutil.rmtree(shell.tmp / "cache")
        other.requests.clear()
        own = f'schema = 1\n[[indexes]]\nname = "own"\nurl = "{shell.index.url}"\n'
        shell.write("safe.toml", own)
        renew(shell, template)
        assert answered_before_pip(shell, *WORDS, "--policy", "safe.toml").exit == 0
        assert (shell.installed()["app"], other.requests) == ("1.0", [])
        shell.write("safe.toml", f'{own}[rules.denylist]\npackages = [{{ package = "dep", reason = "ours" }}]\n')
        renew(shell, template)
        err = shell.refuses(*WORDS, "--policy", "safe.toml")
        assert (err.partition("\n")[0], other.requests) == (
            "safe-pip: refused dep 1.0 (dep-1.0-py3-none-any.whl) from own",
            [],
        )


def test_what_pip_says_counts_and_nothing_is_told_of_the_guess(shell, template):
    shell.policy('[rules.denylist]\npackages = [{ package = "app==1.0", reason = "ours" }]\n')
    with LocalIndex() as other:
        other.add(*make_wheel("app", "2.0"))
        shell.run(*WORDS)
        move(shell, other)
        done = shell.run(*WORDS)
        assert (done.exit, done.out, done.err, shell.installed()) == (0, "", "", {"app": "2.0"})


def test_nothing_is_built_on_a_guess(shell):
    built = shell.tmp / "built"
    setup = f"open({str(built)!r}, 'w').close()\nfrom setuptools import setup\nsetup(name='app', version='3.0')\n"
    words = ("install", "-q", "--no-build-isolation", "app")
    with LocalIndex() as other:
        other.add(*make_wheel("app", "2.0"))
        shell.run(*words)
        shell.pip("uninstall", "-y", "app", "dep")
        shell.index.add(*make_sdist("app", "3.0", setup_py=setup))
        shutil.rmtree(shell.tmp / "cache")
        shell.index.forget()
        move(shell, other)
        assert is_expected(shell, *words)
        assert shell.run(*words).exit == 0
        assert (shell.installed(), built.exists()) == ({"app": "2.0"}, False)
        assert shell.index.page_path("app") in shell.index.paths()


def test_nor_of_a_guess_that_finds_nothing(shell, template):
    with LocalIndex() as other:
        other.add(*make_wheel("later", "1.0"))
        shell.run(*WORDS)
        renew(shell, template)
        move(shell, other)
        words = ("install", "-qq", "later")
        done = shell.run(*words)
        assert (done.exit, done.out, done.err, shell.installed()) == (0, "", "", {"later": "1.0"})


def test_a_pip_that_ends_by_itself_says_why(shell, template):
    shell.run(*WORDS)
    renew(shell, template)
    assert is_expected(shell)
    (shell.tmp / "moved").write_text("PIP_TIMEOUT=never")
    done = shell.run(*WORDS)
    assert done == shell.pip(*WORDS)
    assert "option timeout: invalid floating-point value: 'never'" in done.out
    assert (done.exit, shell.installed()) == (3, {})
    receipt = shell.receipts()[-1]
    assert (receipt["exit_code"], receipt["pip"], receipt["prefix"]) == (3, None, None)


def test_who_is_stopped_before_pip_has_said_anything_has_asked_for_nothing(shell, template):
    shell.index.max_age = 0
    shell.run(*WORDS)
    renew(shell, template)
    shell.index.forget()
    (shell.tmp / "hold").touch()
    before, process = shell.snapshot(), shell.start(*WORDS)
    wait_until(lambda: shell.index.requests, "request while pip waits")
    os.killpg(process.pid, signal.SIGINT)
    done = shell.finish(process)
    assert done == Done(1, "", "safe-pip: stopped; nothing was installed\n")
    assert (shell.snapshot(), shell.leftovers(), shell.receipts()[-1]["prefix"]) == (before, [], None)


def configure(shell):
    (shell.target / "pip.conf").write_text("[global]\nindex-url = https://packages.example/simple\n")
    return (shell.target / "pip.conf").unlink


def write_netrc(shell):
    (shell.home / ".netrc").write_text("machine packages.example login me password secret\n")
    return (shell.home / ".netrc").unlink


def install_something(shell):
    (shell.site / "dep-0.5.dist-info").mkdir()
    return (shell.site / "dep-0.5.dist-info").rmdir


def point_elsewhere(shell):
    (shell.site / "more.pth").write_text(f"{shell.home}\n")
    return (shell.site / "more.pth").unlink


def start_otherwise(shell):
    (shell.site / "sitecustomize.py").touch()
    return (shell.site / "sitecustomize.py").unlink


def set_variable(shell):
    shell.environ["PIP_PRE"] = "1"
    return lambda: shell.environ.pop("PIP_PRE")


def write_configuration(shell):
    """Where the user said that it would be, and where nothing was."""
    (shell.tmp / "later.conf").write_text("[global]\nindex-url = https://packages.example/simple\n")
    return (shell.tmp / "later.conf").unlink


def another_directory(shell):
    os.chdir(shell.home)
    return lambda: os.chdir(shell.work)


def edit_requirements(shell):
    before = (shell.work / "r.txt").stat()
    shell.write("r.txt", "app<9\n")

    def undo():
        shell.write("r.txt", "app<2\n")
        os.utime(shell.work / "r.txt", ns=(before.st_atime_ns, before.st_mtime_ns))

    return undo


def test_it_is_known_only_while_all_that_may_change_it_is_the_same(shell, template):
    shell.environ["PIP_CONFIG_FILE"] = str(shell.tmp / "later.conf")
    shell.run(*WORDS)
    renew(shell, template)
    changes = (configure, write_configuration, write_netrc, install_something, point_elsewhere, set_variable)
    for change in (*changes, start_otherwise, another_directory):
        assert is_expected(shell)
        undo = change(shell)
        assert not is_expected(shell), change
        undo()
    assert is_expected(shell)
    shell.write("r.txt", "app<2\n")
    words = ("install", "-q", "-r", "r.txt")
    shell.run(*words, "--dry-run")
    assert is_expected(shell, *words, "--dry-run")
    shell.write("r.txt", "app<3\n")
    assert not is_expected(shell, *words, "--dry-run")


@pytest.mark.parametrize(
    "words",
    [
        ("install", "-q", "--index-url", "https://other.example/simple", "app"),
        ("install", "-q", "-t", "app"),
        ("install", "-q", "./app"),
        ("install", "-q", "app.zip"),
        ("install", "-q", "app @ https://other.example/app.zip"),
        ("install", "-q", "app; python_version > '3'"),
        ("install", "-q", "--", "app"),
        ("install", "-q", "--upgrad", "app"),
        ("install", "-q", "-r", "app"),
        ("download", "-q", "app"),
    ],
)
def test_a_word_that_pip_may_read_otherwise_is_no_requirement(shell, words, template):
    shell.run("install", "-q", "other")
    renew(shell, template)
    assert is_expected(shell)
    assert not is_expected(shell, *words)


@pytest.mark.parametrize("option", ["PIP_CONSTRAINT", "PIP_REQUIREMENT"])
def test_nothing_is_known_where_an_address_takes_the_place_of_an_index(shell, option):
    shell.write("c.txt", f"dep @ {shell.index.file_url('dep-1.0-py3-none-any.whl')}\n")
    shell.environ[option] = "c.txt"
    assert shell.run(*WORDS, "--dry-run").exit == 0
    assert not (shell.tmp / "state" / "expected").exists()


def test_a_constraint_of_the_configuration_holds_for_another_requirement(shell, template):
    shell.offer("other", "2.0")
    shell.write("c.txt", "other<2\n")
    shell.environ["PIP_CONSTRAINT"] = "c.txt"
    shell.run(*WORDS)
    renew(shell, template)
    assert answered_before_pip(shell, "install", "-q", "other").exit == 0
    assert shell.installed() == {"other": "1.0"}


def test_with_credentials_nothing_is_known_and_no_password_is_written(shell):
    shell.environ["PIP_INDEX_URL"] = shell.index.url.replace("//", "//me:secret@")
    shell.run(*WORDS)
    del shell.environ["PIP_INDEX_URL"]
    shell.run("install", "-q", "--index-url", shell.index.url, "--proxy", "me:secret@127.0.0.1:9", "app", "--dry-run")
    assert not (shell.tmp / "state" / "expected").exists()


def test_nobody_else_can_have_said_it(shell, template):
    """Not with other bytes, not for another command line, not from another user's hand, and not long ago."""
    shell.run(*WORDS)
    renew(shell, template)
    kept, whole = kept_file(shell), kept_file(shell).read_bytes()
    assert is_expected(shell)
    checksum, _sealed, text = whole.split(b"\n")
    for changed in (whole[:-1], whole.replace(b"127.0.0.1", b"127.0.0.2"), b"\n".join([checksum, b"", text]), b""):
        kept.write_bytes(changed)
        assert not is_expected(shell)
    kept.write_bytes(whole)
    assert is_expected(shell)
    assert json.loads(text)["until"] <= kept.stat().st_mtime + LONGEST
    secret = shell.home / ".local" / "state" / "safe-pip" / "journals.key"
    own = secret.read_bytes()
    secret.write_bytes(bytes(len(own)))
    assert not is_expected(shell)


def test_no_index_is_asked_before_what_a_killed_run_left_is_undone(shell, template):
    shell.run(*WORDS)
    renew(shell, template)
    (shell.tmp / "state" / "installing" / "some.journal").touch()
    shell.index.forget()
    (shell.tmp / "hold").touch()
    process = shell.start(*WORDS)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    assert shell.index.requests == []
    (shell.tmp / "hold").unlink()
    shell.finish(process)


def test_a_package_that_is_installed_is_not_asked_for(shell):
    shell.run(*WORDS)
    shell.run(*WORDS)
    assert is_expected(shell)
    shell.index.forget()
    done = shell.run("install", "app")
    assert "Requirement already satisfied: app" in done.out
    assert shell.index.requests == []


def test_on_a_guess_an_index_that_wants_a_password_gets_none(shell, template):
    """pip, which may know one, is waited for; then the index is asked again."""
    shell.run(*WORDS)
    renew(shell, template)
    shutil.rmtree(shell.tmp / "cache")
    shell.index.credentials = ("me", "secret")
    shell.index.forget()
    assert shell.refuses(*WORDS, code=11) == told("""
        safe-pip: INDEX/simple/app/ answered 401 Unauthorized
        safe-pip: way out: check the user and password for this index, or ask whoever runs it whether it blocks this
        safe-pip: nothing was installed (exit 11)
    """)
    assert shell.index.paths() == [shell.index.page_path("app")] * 2


def test_nor_does_one_that_a_netrc_file_knows(shell, template):
    """An index without a password may list files of a host with one."""
    with LocalIndex() as files:
        app = files.add(*make_wheel("app", "1.0"))
        url = files.file_url(app.filename).replace("127.0.0.1", "localhost")
        shell.index.projects["app"].clear()
        shell.index.add(app.filename, app.data, metadata=False, listed={"url": url})
        (shell.home / ".netrc").write_text("machine localhost login me password secret\n")
        shell.run(*WORDS)
        renew(shell, template)
        shutil.rmtree(shell.tmp / "cache")
        assert is_expected(shell)
        files.requests.clear()
        with LocalIndex() as other:
            other.add(*make_wheel("app", "2.0"))
            move(shell, other)
            assert shell.run(*WORDS).exit == 0
        assert (shell.installed(), files.requests) == ({"app": "2.0"}, [])


def test_what_is_said_of_a_policy_is_said_once_where_a_password_is_wanted(shell, template):
    shell.run(*WORDS)
    shell.write("safe-pip.toml", 'schema = 1\n[rules.minimum-age]\nminimum = "1d"\n')
    renew(shell, template)
    shutil.rmtree(shell.tmp / "cache")
    shell.index.credentials = ("me", "secret")
    done = answered_before_pip(shell, *WORDS)
    assert (done.exit, done.err.count("policy: safe-pip.toml:3: ")) == (11, 1)


class SaysOtherwise:
    """A pip that knows a password, and means another index."""

    def describe(self):
        return {"sources": "another"}

    def credentials(self, _url):
        return ("me", "secret")


def test_whoever_still_works_on_a_guess_that_was_wrong_gets_no_password():
    guess = ExpectedPip(SaysOtherwise(), {"sources": "this"})
    with pytest.raises(OtherwiseError):
        guess.confirm()
    settled = guess.settled()
    with pytest.raises(OtherwiseError):
        guess.credentials("https://packages.example/simple/app/")
    assert (settled.describe(), settled.credentials("")) == ({"sources": "another"}, ("me", "secret"))


def test_a_place_on_the_path_that_is_not_there_is_none_to_remember(shell, template):
    shell.environ["PYTHONPATH"] = str(shell.target / "gone" / "site-packages")
    assert shell.run(*WORDS).exit == 0
    renew(shell, template)
    assert is_expected(shell)
    (shell.target / "gone" / "site-packages" / "dep-1.0.dist-info").mkdir(parents=True)
    assert not is_expected(shell)


@pytest.mark.parametrize("secret", [None, pytest.param(("me", "secret"), marks=pytest.mark.slow)])
def test_what_is_attested_is_told_alike_on_a_guess(shell, template, secret):
    """Where a password is wanted for it, the guess is over."""
    shell.policy('[rules.provenance]\nlevel = "deny"\nverify = false\n')
    shell.offer("app", "1.1", ["dep"], provenance=claimed("app-0.9.tar.gz", "ab" * 32))
    with LocalIndex() as other:
        other.credentials = secret
        shell.offer("app", "1.2", listed={"provenance": f"{other.root}/integrity/app/provenance"})
        first = shell.refuses(*WORDS)
        assert f"answered {'401' if secret else '404'} " in first
        assert is_expected(shell)
        other.forget()
        second = shell.run(*WORDS) if secret else answered_before_pip(shell, *WORDS)
        assert (second.exit, second.err) == (10, first)
        assert other.requests
