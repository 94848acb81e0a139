from __future__ import annotations

import os
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from lib.repositories import Repository, served, tree_entry

from safeinstall.errors import SourceError
from safeinstall.facts.origins.origin import TreeMaker
from safeinstall.sources.origin import commits, git
from safeinstall.sources.origin.commits import address_of, read_commit

ATTESTED = "https://github.example/acme/app"


@pytest.fixture
def repository(tmp_path):
    return Repository.make(
        tmp_path / "app", {"acme/__init__.py": "x = 1\n", "data.bin": b"\0" * 300_000, "a b\n.py": "y"}
    )


def read(repository, commit=None, *, url=None, environ=None):
    mirrors = {ATTESTED: url or repository.url}
    return read_commit(ATTESTED, commit or repository.head, mirrors, environ or os.environ, threading.Event())


def refused(repository, commit=None, **kinds):
    with pytest.raises(SourceError) as caught:
        read(repository, commit, **kinds)
    return caught.value.message


def test_the_files_of_a_commit(repository):
    first = repository.head
    repository.write({"acme/__init__.py": "x = 2\n", "more.py": "z"})
    second = repository.commit()
    one, two = read(repository, first), read(repository, second)
    assert sorted(one) == ["a b\n.py", "acme/__init__.py", "data.bin"]
    assert sorted(two) == ["a b\n.py", "acme/__init__.py", "data.bin", "more.py"]
    assert one["acme/__init__.py"] != two["acme/__init__.py"]
    assert one["data.bin"] == two["data.bin"]


def test_of_a_repository_with_the_longer_hashes(tmp_path):
    made = Repository.make(tmp_path / "app", form="sha256")
    assert len(made.head) == 64
    assert sorted(read(made)) == ["a.py"]


def test_nothing_is_left_and_nothing_of_the_user_is_read(repository, tmp_path, monkeypatch):
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    home.mkdir()
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    (home / ".gitconfig").write_text(f'[url "{tmp_path}/other"]\n    insteadOf = {repository.url}\n[core]\n    bad\n')
    environ = {**os.environ, "HOME": str(home), "GIT_DIR": "/nowhere", "GIT_CONFIG_PARAMETERS": "'bad"}
    assert len(read(repository, environ=environ)) == 3
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    "commit", ["main", "HEAD", "0" * 39, "-" * 40, "0" * 41, "A" * 40, "--upload-pack=touch x", ""]
)
def test_what_is_no_whole_hash_is_never_asked_for(repository, commit):
    with pytest.raises(SourceError, match=r"^what is attested as commit is no whole hash of one$"):
        read_commit(ATTESTED, commit, {}, os.environ, threading.Event())


def test_a_commit_that_is_not_there(repository):
    assert refused(repository, "1" * 40).startswith("git fetch failed: fatal: ")


def test_a_hash_of_something_else(repository):
    repository.git("tag", "--annotate", "v1", "-m", "v1")
    for name in ("HEAD:acme/__init__.py", "HEAD^{tree}", "v1"):
        found = repository.git("rev-parse", name)
        assert refused(repository, found) == f"{found} is no commit"


@pytest.mark.parametrize("kind", ["heads", "tags"])
def test_a_branch_that_is_called_like_the_commit_is_not_the_commit(repository, kind):
    wanted = repository.head
    repository.write({"evil.py": "evil"})
    other = repository.commit()
    repository.git("update-ref", f"refs/{kind}/{wanted}", other)
    assert "evil.py" not in read(repository, wanted)


def test_a_branch_that_is_called_like_a_commit_that_is_not_there(repository):
    repository.git("update-ref", f"refs/heads/{'1' * 40}", repository.head)
    assert refused(repository, "1" * 40).startswith("git fetch failed: fatal: ")


def test_a_replaced_commit_is_read_as_it_was(repository):
    wanted = repository.head
    repository.write({"evil.py": "evil"})
    repository.git("replace", wanted, repository.commit())
    assert "evil.py" not in read(repository, wanted)


def test_links_and_submodules_are_not_followed(repository, tmp_path):
    (repository.folder / "link.py").symlink_to("/etc/passwd")
    marker = tmp_path / "ran"
    repository.write({".gitmodules": f'[submodule "sub"]\n    path = sub\n    url = ext::sh -c "touch% {marker}"\n'})
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{repository.head},sub")
    repository.git("add", "link.py", ".gitmodules")
    repository.git("commit", "--quiet", "-m", "made")
    assert sorted(read(repository)) == [".gitmodules", "a b\n.py", "acme/__init__.py", "data.bin"]
    repository.write({".gitmodules": '[submodule "sub"]\n    path = sub\n    url = -ux\n'})  # a hole of old versions
    repository.git("commit", "--quiet", "--all", "-m", "made")
    assert refused(repository).startswith("git fetch failed: ")
    assert not marker.exists()


@pytest.mark.parametrize("name", [b"..", b".git", b".", b"a/../../b"])
def test_names_that_climb_or_mean_something_to_git(repository, name):
    blob = repository.blob(b"evil")
    commit = repository.commit_tree(tree_entry("100644", name, blob))
    assert refused(repository, commit).startswith("git ")


def test_a_name_that_is_no_text(repository):
    blob = repository.blob(b"evil")
    commit = repository.commit_tree(tree_entry("100644", b"\xff\x1b[31m.py", blob))
    assert [*read(repository, commit)] == ["\\xff\x1b[31m.py"]


def test_attributes_filters_and_hooks_run_nothing(repository, tmp_path):
    marker = tmp_path / "ran"
    repository.write({".gitattributes": "* filter=evil text eol=crlf ident export-subst\n", "b.py": "$Id$\n"})
    for name in ("post-checkout", "reference-transaction", "post-merge", "pre-auto-gc"):
        hook = repository.folder / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {marker}\n")
    commit = repository.commit()
    for hook in (repository.folder / ".git" / "hooks").iterdir():
        hook.chmod(0o755)
    for setting in (
        "filter.evil.smudge",
        "uploadpack.packObjectsHook",
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
    ):
        repository.git("config", setting, f"touch {marker}")
    expected = TreeMaker()
    expected.begin("b.py")
    expected.feed(b"$Id$\n")
    expected.end()
    assert read(repository, commit)["b.py"] == expected.tree["b.py"]
    assert not marker.exists()


def test_a_file_that_is_too_large_is_not_read(repository, monkeypatch):
    monkeypatch.setattr(commits, "FILE", 299_999)
    assert sorted(read(repository)) == ["a b\n.py", "acme/__init__.py"]


def test_more_than_may_be_read(repository, monkeypatch):
    head = repository.head
    monkeypatch.setattr(commits, "TOTAL", 300_000)
    assert refused(repository) == f"{head} has files of more than 300000 bytes"
    monkeypatch.setattr(commits, "FILES", 2)
    assert refused(repository) == f"{head} has more than 2 files"


def test_more_than_may_be_fetched(repository, monkeypatch):
    repository.write({"large": os.urandom(1 << 20)})
    repository.commit()
    monkeypatch.setattr(git, "PACK", 1 << 19)
    assert refused(repository).startswith("git fetch failed: ")


def test_trees_within_trees_that_list_more_than_there_is(repository, monkeypatch):
    blob = repository.blob(b"x")
    entries, mode = tree_entry("100644", b"a", blob), "40000"
    for _ in range(8):  # ten to the power of eight paths
        tree = repository.git("hash-object", "-t", "tree", "-w", "--stdin", data=entries)
        entries = b"".join(tree_entry(mode, f"{i}".encode(), tree) for i in range(10))
    commit = repository.commit_tree(entries)
    monkeypatch.setattr(git, "PACK", 1 << 22)
    assert refused(repository, commit).startswith("git ls-tree failed: ")


def test_a_server_that_never_answers(repository, monkeypatch):
    monkeypatch.setattr(git, "SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"git://127.0.0.1:{server.getsockname()[1]}/app"  # it listens, and nobody accepts
        assert refused(repository, url=address) == "git fetch took longer than 1 seconds"


def test_nobody_waits_any_more(repository):
    stop = threading.Event()
    stop.set()
    with pytest.raises(SourceError, match=r"^git init was stopped$"):
        read_commit(ATTESTED, repository.head, {ATTESTED: repository.url}, os.environ, stop)


def test_a_server_that_leads_elsewhere_by_another_protocol(repository, tmp_path):
    # the address is of a protocol that nobody has allowed
    assert refused(repository, url="http://127.0.0.1:9/app").startswith("git fetch failed: fatal: ")
    for url in ("ext::sh -c touch% x", "-x", "fd::17", "ftp://a.example/b", "https://a.example/\nb", "ext:x", ""):
        said = refused(repository, url=url or " ")
        assert said == f"the mirror of {ATTESTED} is no address that is read"


class Redirecting(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(302)
        self.send_header("Location", self.server.location)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.mark.parametrize("kind", ["file", "git", "ext"])
def test_a_server_that_leads_to_another_protocol_is_not_followed(repository, kind):
    with ThreadingHTTPServer(("127.0.0.1", 0), Redirecting) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        server.location = {"file": repository.url, "git": "git://127.0.0.1:9/app", "ext": "ext::sh -c true"}[kind]
        said = refused(repository, url=f"http://user:secret@127.0.0.1:{server.server_address[1]}/app")
        server.shutdown()
    assert said.startswith("git fetch failed: fatal: ")
    assert "secret" not in said


def test_no_git(repository, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "git").write_text("#!/bin/sh\ntouch ran\n")
    (tmp_path / "git").chmod(0o755)
    (tmp_path / "empty").mkdir()
    assert refused(repository, environ={"PATH": f".::{tmp_path}/empty"}) == "there is no git on this machine"
    assert not (tmp_path / "ran").exists()


def test_an_empty_path(repository, tmp_path):
    tmp_path = tmp_path / "nothing"
    assert refused(repository, environ={"PATH": str(tmp_path)}) == "there is no git on this machine"


@pytest.mark.parametrize(
    "address",
    [
        "http://github.example/acme/app", "https://user:secret@github.example/acme/app", "file:///etc", "ext::sh",
        "https://github.example/acme/../../etc", "https://github.example/acme/./app", "https://github.example",
        "https://github.example/acme/app?x=1", "https://github.example/acme/app#x", "https://github.example/a b",
        "https://github.example/%2e%2e/app", "-oProxyCommand=x", "", "git@github.example:acme/app",
        "https://github.example/acme/app\n", "https://github.example//app",
    ],
)  # fmt: skip
def test_an_address_that_nobody_honest_attests(address):
    with pytest.raises(SourceError, match=r"^the attested repository is at no plain https address$"):
        address_of(address, {"https://github.example": "file:///srv"})


def test_the_mirror_with_the_longest_beginning_counts():
    mirrors = {"https://github.example/": "https://a.example/", "https://github.example/acme/": "file:///srv/acme/"}
    assert address_of("https://github.example/acme/app", mirrors) == ("file:///srv/acme/app", "file")
    assert address_of("https://github.example/other/app", mirrors) == ("https://a.example/other/app", "https")
    assert address_of("https://gitlab.example/a/b", mirrors) == ("https://gitlab.example/a/b", "https")
    assert address_of("https://github.example/acme-other/app", mirrors)[0] == "https://a.example/acme-other/app"
    assert address_of("https://github.example/acme/app", {"https://github.example": "/srv"}) == (
        "/srv/acme/app",
        "file",
    )


def test_over_http(repository):
    with served(repository.folder.parent) as address:
        assert read(repository, url=f"{address}/app") == read(repository)
        assert refused(repository, "1" * 40, url=f"{address}/app").startswith("git fetch failed: ")
        assert refused(repository, url=f"{address}/other").startswith("git fetch failed: ")


def test_over_a_real_daemon(repository):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    daemon = subprocess.Popen(
        ["git", "daemon", "--reuseaddr", "--listen=127.0.0.1", f"--port={port}", "--export-all",
         f"--base-path={repository.folder.parent}", str(repository.folder.parent)],
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            threading.Event().wait(0.02)
        assert len(read(repository, url=f"git://127.0.0.1:{port}/app")) == 3
    finally:
        os.killpg(daemon.pid, 9)
        daemon.wait()
