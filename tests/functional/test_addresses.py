"""Addresses of a server or a repository, and what pip makes of their parts (``conformance/cases/addresses`` has more)."""

from __future__ import annotations

import hashlib
import json
import subprocess

import pytest
from lib.backend import BACKEND, tree
from lib.cases import commit_all
from lib.gate import parametrize
from lib.index import Reply
from lib.wheels import make_wheel, tar_archive


def slow(value):
    return pytest.param(value, marks=pytest.mark.slow)


MINE = "app-1.0+mine-py3-none-any.whl"


@pytest.fixture(params=["23.2.1", pytest.param("26.3", marks=pytest.mark.slow)])
def user(request, shell_of):
    """Somebody whose index has a build backend, and whose policy lets anything be built."""
    shell = shell_of(request.param)
    shell.policy("")
    shell.index.add(*make_wheel("tinybuild", "1.0", files={"tinybuild.py": BACKEND}))
    return shell


def plant(shell, folder, name, version="1.0"):
    for path, text in tree(name, version).items():
        shell.write(f"{folder}/{path}", text)


def test_an_index_names_folders_of_one_archive(user):
    """As projects that are built from one tree, and are on no index but one that a machine writes."""
    members = {f"x/{name}/{path}": text for name in ("app", "lib") for path, text in tree(name).items()}
    root = {f"x/{path}": text for path, text in tree("root", log=str(user.tmp / "mark"), url=user.index.url).items()}
    archive = tar_archive((path, text.encode()) for path, text in {**root, **members}.items())
    for name in ("app", "lib"):
        address = f"/files/x.tar.gz#egg={name}-1.0&subdirectory={name}"
        user.index.add("x.tar.gz", archive, project=name, listed={"url": address})
    assert user.run("download", "-d", "out", "app", "lib").exit == 0
    assert [path.name for path in (user.work / "out").iterdir()] == ["x.tar.gz"]
    done = user.install("app", "lib", "--report", "report.json")
    assert (done.exit, user.installed()) == (0, {"app": "1.0", "lib": "1.0"})
    report = json.loads((user.work / "report.json").read_text())["install"]
    assert sorted((item["download_info"]["url"], item["download_info"]["subdirectory"]) for item in report) == [
        (f"{user.index.root}/files/x.tar.gz", "app"),
        (f"{user.index.root}/files/x.tar.gz", "lib"),
    ]
    assert not (user.tmp / "mark").exists()


@pytest.mark.parametrize(
    "folder", ["../app", slow("/app"), slow("app\\..\\.."), slow("app; python_version>'3'"), slow("app;x")]
)
def test_a_folder_of_an_index_that_is_none_is_refused(user, folder):
    archive = tar_archive((f"x/{path}", text.encode()) for path, text in tree("app").items())
    user.index.add("app-1.0.tar.gz", archive, listed={"url": f"/files/app-1.0.tar.gz#subdirectory={folder}"})
    before = user.snapshot()
    assert f"asks to build {folder!r}, which is no folder inside it\n" in user.refuses("install", "app")
    assert user.snapshot() == before


def test_two_archives_at_addresses_that_pip_takes_for_one_are_not_installed(user):
    for query in ("a", "b"):
        members = {f"x/{name}/{path}": text for name in ("app", "lib") for path, text in tree(name).items()}
        archive = tar_archive((path, text.encode()) for path, text in {**members, "x/which": query}.items())
        user.index.reply(f"/files/x.tar.gz?{query}", Reply(body=archive))
    asked = [
        f"{name} @ {user.index.root}/files/x.tar.gz?{query}#subdirectory={name}"
        for name, query in (("app", "a"), ("lib", "b"))
    ]
    before = user.snapshot()
    assert "give different bytes, and pip takes them for one\n" in user.refuses("install", *asked)
    assert user.snapshot() == before


@parametrize("argv", [["{repo}#subdirectory=lib"], ["-e", "{repo}#egg=app&subdirectory=lib"]], gate=(0,))
def test_a_project_in_a_submodule(user, argv):
    plant(user, "library", "app")
    commit_all(user.work / "library")
    (user.home / ".gitconfig").write_text('[protocol "file"]\nallow = always\n')
    (user.work / "whole").mkdir()
    add = ["submodule", "--quiet", "add", f"file://{user.work}/library", "lib"]
    for words in (["init", "-q"], add):
        subprocess.run(["git", "-c", "protocol.file.allow=always", *words], cwd=user.work / "whole", check=True)
    commit_all(user.work / "whole")
    argv = [word.format(repo=f"git+file://{user.work}/whole") for word in argv]
    assert user.pip("install", *argv).exit == 0
    expected = user.dist_info("app")
    assert user.pip("uninstall", "-y", "app").exit == 0
    assert user.install(*argv).exit == 0
    assert user.installed() == {"app": "1.0"}
    assert user.dist_info("app") == expected
    told = json.loads(expected["direct_url.json"])
    assert told.get("subdirectory") == "lib" or told["url"].endswith("/src/app/lib")


@pytest.mark.parametrize("written", ["app-1.0+mine", slow("app-1.0%2Bmine")])
def test_a_lock_may_write_an_address_either_way(user, written):
    """What an index says of the file is heard by its address, where the two have no hash in common."""
    data = make_wheel("app", "1.0+mine")[1]
    user.index.add(MINE, data, yanked="it is broken", listed={"url": f"/files/{MINE}"})
    address, digest = f"{user.index.root}/files/{written}-py3-none-any.whl", hashlib.sha512(data).hexdigest()
    wheel = f'{{name = "{MINE}", url = "{address}", hashes = {{sha512 = "{digest}"}}}}'
    head = 'lock-version = "1.0"\ncreated-by = "me"\n[[packages]]\nname = "app"\nversion = "1.0+mine"\n'
    user.write("pylock.toml", f"{head}wheels = [{wheel}]\n")
    user.policy("[rules.yanked]\n")
    assert "it is broken" in user.refuses("install", "-r", "pylock.toml")
    user.policy("")
    assert (user.install("-r", "pylock.toml").exit, user.installed()) == (0, {"app": "1.0+mine"})


@pytest.mark.parametrize("two", ["?x=1&y=2 ?y=2&x=1", slow("#egg=app #egg=other")])
def test_of_two_equal_addresses_one_is_asked(user, two):
    """pip asks both, and takes one at random: whoever answers them differently does not choose by it here."""
    data, other = (make_wheel("app", "1.0", files={"app.py": text})[1] for text in ("ONE = 1\n", "TWO = 2\n"))
    first, second = two.split()
    wheel = "/files/app-1.0-py3-none-any.whl"
    user.index.reply(wheel + first.partition("#")[0], Reply(body=data))
    if second.startswith("?"):
        user.index.reply(wheel + second, Reply(body=other))
    done = user.install(*(f"app @ {user.index.root}{wheel}{end}" for end in (first, second)))
    assert (done.exit, user.installed()) == (0, {"app": "1.0"})
    assert (user.site / "app.py").read_text() == "ONE = 1\n"
    assert wheel + second not in user.index.paths()


def test_a_hash_of_one_form_holds_for_the_other(user):
    data = make_wheel("app", "1.0")[1]
    wheel = f"{user.index.root}/files/app-1.0-py3-none-any.whl"
    user.index.add("app-1.0-py3-none-any.whl", data)
    user.write("r.txt", f"app @ {wheel}?x=1&y=2\napp @ {wheel}?y=2&x=1 --hash=sha256:{'0' * 64}\n")
    err = user.refuses("install", "-r", "r.txt")
    assert f"you ask for sha256:{'0' * 64}" in err


def test_an_audit_tells_of_each_folder_of_one_address(user):
    members = {f"x/{name}/{path}": text for name in ("app", "lib") for path, text in tree(name).items()}
    user.write("x.tar.gz", tar_archive((path, text.encode()) for path, text in members.items()))
    address = f"file://{user.work}/x.tar.gz#subdirectory"
    user.write("r.txt", f"{address}=app&egg=app\n{address}=lib&egg=lib\n")
    user.policy(
        '[rules.denylist]\npackages = [{ package = "app", reason = "no" }, { package = "lib", reason = "no" }]\n'
    )
    done = user.run("audit", "-r", "r.txt")
    assert done.exit == 10
    assert all(f"is on the denylist as {name}: no" in done.out + done.err for name in ("app", "lib"))
