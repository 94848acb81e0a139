"""No byte of a file is built, or opened, before it has every hash that is known for it."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import zlib

import pytest
from lib.backend import BACKEND
from lib.gate import parametrize
from lib.index import Reply
from lib.wheels import make_sdist, make_wheel, zip_archive

MARK = "import os, pathlib; pathlib.Path(os.environ['MARK']).touch()\n"
PYPROJECT = '[build-system]\nrequires = [{requires}]\nbuild-backend = "tinybuild"\nbackend-path = ["."]\n'
EVIL_FILES = {"tinybuild.py": MARK + BACKEND, "project.json": json.dumps({"name": "evil", "version": "1.0"})}
NAME, EVIL = make_sdist("evil", "1.0", files=EVIL_FILES, pyproject=PYPROJECT.format(requires=""))
TRUE, WRONG = hashlib.sha256(EVIL).hexdigest(), "ab" * 32
ALLOWED = '[rules.sdists]\nallow = ["evil", "app", "static"]\n'
LOCK = """lock-version = "1.0"
created-by = "a test"
[[packages]]
name = "evil"
version = "1.0"
{key} = {{ {name}url = "{url}", hashes = {{ sha256 = "{digest}" }} }}
"""


@pytest.fixture
def evil(shell):
    """The file on an index, and on disk; whoever builds it leaves a mark."""
    shell.policy(ALLOWED)
    shell.environ["MARK"] = str(shell.tmp / "mark")
    shell.index.add(NAME, EVIL)
    shell.write(f"files/{NAME}", EVIL)
    return shell


def built(shell):
    return (shell.tmp / "mark").exists()


def lock(key, url, digest=WRONG):
    return LOCK.format(key=key, name=f'name = "{NAME}", ' if key == "sdist" else "", url=url, digest=digest)


WAYS = {
    "-r": {"r.txt": f"evil==1.0 --hash=sha256:{WRONG}\n"},
    "-r with another kind of hash": {"r.txt": f"evil==1.0 --hash=sha512:{WRONG * 2}\n"},
    "-c": {"r.txt": "evil==1.0\n-c c.txt\n", "c.txt": f"evil==1.0 --hash=sha256:{WRONG}\n"},
    "-c beside a right one": {
        "r.txt": f"evil==1.0 --hash=sha256:{TRUE}\n-c c.txt\n",
        "c.txt": f"evil==1.0 --hash=sha256:{WRONG}\n",
    },
    "path": {"r.txt": f"./files/{NAME} --hash=sha256:{WRONG}\n"},
    "file address with a hash": {"r.txt": f"evil @ file://WORK/files/{NAME}#sha256={WRONG}\n"},
    "file address and --hash": {"r.txt": f"evil @ file://WORK/files/{NAME} --hash=sha256:{WRONG}\n"},
    "a bare file address with a hash": {"r.txt": f"file://WORK/files/{NAME}#sha256={WRONG}\n"},
    "address with a hash": {"r.txt": f"evil @ INDEX/files/{NAME}#sha256={WRONG}\n"},
    "address and --hash": {"r.txt": f"evil @ INDEX/files/{NAME} --hash=sha256:{WRONG}\n"},
    "address and a constraint": {
        "r.txt": f"evil @ INDEX/files/{NAME}\n-c c.txt\n",
        "c.txt": f"evil==1.0 --hash=sha256:{WRONG}\n",
    },
    "find-links": {"r.txt": f"--no-index\n--find-links files\nevil==1.0 --hash=sha256:{WRONG}\n"},
    "lock, file of an index": {"pylock.toml": lock("sdist", f"INDEX/files/{NAME}")},
    "lock, local file": {"pylock.toml": lock("sdist", f"file://WORK/files/{NAME}")},
    "lock, archive": {"pylock.toml": lock("archive", f"INDEX/files/{NAME}")},
    "lock, local archive": {"pylock.toml": lock("archive", f"file://WORK/files/{NAME}")},
}


def written(shell, files):
    """Write *files*, and return the option that reads the first one."""
    for path, text in files.items():
        shell.write(path, text.replace("WORK", str(shell.work)).replace("INDEX", shell.index.root))
    return "-r", next(iter(files))


@pytest.mark.parametrize("dry", [(), pytest.param(("--dry-run",), marks=pytest.mark.slow)], ids=["", "dry"])
@parametrize("files", WAYS.values(), gate=(0, 2, 5, 9, 11, 12, 14), ids=WAYS.keys())
def test_a_wrong_hash_is_found_before_anything_is_built(evil, files, dry):
    err = evil.refuses("install", *dry, *written(evil, files))
    assert "has sha" in err, err
    assert not built(evil), err


@parametrize(
    "command",
    [("download", "-d", "out"), ("wheel", "-w", "out"), ("install", "--dry-run")],
    gate=(0, 1),
    ids=["download", "wheel", "dry run"],
)
def test_for_each_command(evil, command):
    err = evil.refuses(*command, *written(evil, WAYS["-r"]))
    assert f"has sha256:{TRUE}; you ask for sha256:{WRONG}" in err
    assert not built(evil)


@parametrize("published", [{}, {"sha256": WRONG}, {"md5": "0" * 32}], gate=(0,), ids=["none", "another", "a weak one"])
def test_whatever_the_index_announces(evil, published):
    evil.index.add(NAME, EVIL, hashes=published)
    err = evil.refuses("install", *written(evil, WAYS["-r"]))
    assert "has " in err
    assert not built(evil)


def test_an_index_that_announces_another_hash_than_its_file_has(evil):
    evil.index.add(NAME, EVIL, hashes={"sha256": WRONG})
    assert f"has sha256 {TRUE} where {WRONG} was promised" in evil.refuses("install", "evil==1.0")
    assert not built(evil)


def test_the_right_hash_is_built(evil):
    """The mark can be left: what the others show is no accident."""
    assert evil.run("install", *written(evil, {"r.txt": f"evil==1.0 --hash=sha256:{TRUE}\n"})).exit == 0
    assert built(evil)


@parametrize("published", [True, False], gate=(1,))
def test_a_pin_of_the_policy(evil, published):
    """Also where nothing but the file tells its hash, and a missing fact would only be warned of."""
    if not published:
        evil.index.add(NAME, EVIL, hashes={})
    pins = f'[rules.hashes]\nrequire = "index"\non-missing = "warn"\npins = {{ "evil==1.0" = ["sha256:{WRONG}"] }}\n'
    evil.policy(ALLOWED + pins)
    err = evil.refuses("install", "evil==1.0")
    assert f"sha256:{TRUE} is none of the 1 pinned for evil==1.0 (sha256:{WRONG})" in err
    assert not built(evil)
    evil.policy(ALLOWED + pins.replace(WRONG, TRUE))
    assert evil.install("evil==1.0").exit == 0


def test_a_pin_of_the_policy_holds_a_wheel_of_which_only_the_file_tells_the_hash(shell):
    shell.offer("app", "1.0", hashes={})
    pins = f'[rules.hashes]\nrequire = "index"\non-missing = "warn"\npins = {{ "app==1.0" = ["sha256:{WRONG}"] }}\n'
    shell.policy(pins)
    for dry in ((), ("--dry-run",)):
        assert "is none of the 1 pinned for app==1.0" in shell.refuses("install", *dry, "app")


def test_where_hashes_are_required_nothing_without_one_is_built(evil):
    evil.offer("app", "1.0", ["evil"])
    true = evil.index.find("app-1.0-py3-none-any.whl").hashes["sha256"]
    err = evil.refuses("install", *written(evil, {"r.txt": f"app==1.0 --hash=sha256:{true}\n"}), code=1)
    assert f"    evil==1.0 --hash=sha256:{TRUE}\n" in err
    assert not built(evil)


@parametrize("where", ["app @ DIRECT#sha256=", "-c"], gate=(1,))
def test_a_build_requirement_with_a_wrong_hash(evil, where):
    """A source distribution that another one needs to be built."""
    requires = f'"evil @ {evil.index.root}/files/{NAME}#sha256={WRONG}"'
    files = {**EVIL_FILES, "tinybuild.py": BACKEND, "project.json": json.dumps({"name": "app", "version": "1.0"})}
    if where == "-c":
        evil.index.add(NAME, EVIL, hashes={"sha256": WRONG})
        requires = '"evil"'
    evil.index.add(*make_sdist("app", "1.0", files=files, pyproject=PYPROJECT.format(requires=requires)))
    err = evil.refuses("install", "app")
    assert f"has sha256 {TRUE} where {WRONG} was promised" in err
    assert not built(evil)


@pytest.mark.parametrize("kind", ["tree", "repository"])
def test_what_can_have_no_hash_is_not_built_where_one_is_asked_for(evil, kind):
    for path, text in {**EVIL_FILES, "pyproject.toml": PYPROJECT.format(requires="")}.items():
        evil.write(f"tree/{path}", text)
    commit = make_repository(evil.work / "tree")
    url = "./tree" if kind == "tree" else f"git+file://{evil.work}/tree@{commit}#egg=evil"
    err = evil.refuses("install", *written(evil, {"r.txt": f"{url} --hash=sha256:{WRONG}\n"}), code=1)
    assert (
        err.splitlines()[0]
        == {
            "tree": "ERROR: Can't verify hashes for these file:// requirements because they point to directories:",
            "repository": "ERROR: Can't verify hashes for these requirements because we don't have a way to hash version control repositories:",
        }[kind]
    )
    assert not built(evil)


def make_repository(folder):
    def git(*argv):
        done = subprocess.run(["git", "-C", folder, *argv], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "-q")
    git("config", "user.email", "a@b.example")
    git("config", "user.name", "a")
    git("config", "uploadpack.allowAnySHA1InWant", "true")
    git("add", ".")
    git("commit", "-qm", "one")
    return git("rev-parse", "HEAD")


@parametrize("way", ["{}#egg=evil", "-e {}#egg=evil"], gate=(0,))
def test_a_branch_that_is_called_like_the_commit_is_not_the_commit(evil, way):
    """pip asks a repository for a branch or tag of this name first (vcs/git.py, ``get_revision_sha``)."""
    tree = evil.work / "tree"
    for path, text in {**EVIL_FILES, "pyproject.toml": PYPROJECT.format(requires=""), "tinybuild.py": BACKEND}.items():
        evil.write(f"tree/{path}", text)
    asked = make_repository(tree)
    evil.write("tree/tinybuild.py", EVIL_FILES["tinybuild.py"])
    for argv in (["commit", "-qam", "two"], ["tag", asked]):
        subprocess.run(["git", "-C", tree, *argv], check=True, capture_output=True)
    requirement = way.format(f"git+file://{tree}@{asked}")
    err = evil.refuses("install", *written(evil, {"r.txt": f"{requirement}\n"}))
    assert f"is not at the commit {asked}" in err
    assert not built(evil)


def test_a_broken_wheel_with_a_wrong_hash_is_refused_for_its_hash(evil):
    """Its contents are nothing that anybody looks at."""
    filename, data = make_wheel("alpha", "1.0")
    evil.write(f"files/{filename}", data[:-40])
    err = evil.refuses("install", f"alpha @ file://{evil.work}/files/{filename}#sha256={WRONG}")
    assert f"where {WRONG} was promised" in err


def test_a_static_source_distribution_is_not_opened_before_its_hash(evil):
    """PKG-INFO that needs no build is read out of the whole file."""
    filename, data = make_sdist("static", "1.0", ["evil"], metadata_version="2.2")
    evil.index.add(filename, data)
    err = evil.refuses("install", *written(evil, {"r.txt": f"static==1.0 --hash=sha256:{WRONG}\n"}))
    assert f"has sha256:{hashlib.sha256(data).hexdigest()}; you ask for sha256:{WRONG}" in err
    assert not [path for path in evil.index.paths() if "evil" in path]


KINDS = {
    "another kind": "sha3_256 = 'KIND'",
    "another kind beside a right one": "sha256 = 'TRUE', blake2b = 'KIND'",
    "a kind that nobody knows": "sha256 = 'TRUE', sha9 = 'KIND'",
}


@parametrize("key", ["sdist", "archive"], gate=(0,))
@parametrize("hashes", KINDS.values(), gate=(0, 1), ids=KINDS.keys())
def test_a_hash_of_any_kind_in_a_lock(evil, key, hashes):
    text = lock(key, f"INDEX/files/{NAME}", digest="").replace('sha256 = ""', hashes)
    text = text.replace("TRUE", TRUE).replace("KIND", "ab" * 32)
    done = evil.run("install", *written(evil, {"pylock.toml": text}))
    assert done.exit in {1, 10, 13}, done
    assert evil.installed() == {}
    assert not built(evil)


@parametrize("hashes", [{"blake2b": "ab" * 64}, {"sha256": TRUE, "sha3_256": WRONG}], gate=(1,))
def test_a_hash_of_any_kind_of_an_index(evil, hashes):
    evil.index.add(NAME, EVIL, hashes=hashes)
    assert "was promised" in evil.refuses("install", "evil")
    assert not built(evil)


@parametrize(
    "fragment",
    [f"sha256={WRONG}&sha256={TRUE}", f"SHA256={WRONG}", f"sha3_256={WRONG}"],
    gate=(0,),
    ids=["two", "case", "kind"],
)
def test_every_hash_of_a_fragment(evil, fragment):
    assert "was promised" in evil.refuses("install", f"evil @ {evil.index.root}/files/{NAME}#{fragment}")
    assert not built(evil)


@parametrize("second", ["", "-c c.txt\n"], gate=(0,), ids=["-r", "-c"])
def test_one_address_twice_and_one_hash(evil, second):
    """The name that only its build tells is not known when the address is."""
    evil.write("files/odd.tar.gz", EVIL)
    bare, hashed = "file://WORK/files/odd.tar.gz\n", f"evil @ file://WORK/files/odd.tar.gz#sha256={WRONG}\n"
    files = {"r.txt": bare + (second or hashed), "c.txt": hashed}
    done = evil.run("install", *written(evil, files))
    assert done.exit == 10, done
    assert not built(evil)


def test_a_hash_of_the_user_holds_the_same_release_as_a_build_requirement(evil):
    files = {**EVIL_FILES, "tinybuild.py": BACKEND, "project.json": json.dumps({"name": "app", "version": "1.0"})}
    filename, data = make_sdist("app", "1.0", files=files, pyproject=PYPROJECT.format(requires='"evil"'))
    evil.index.add(filename, data)
    right = hashlib.sha256(data).hexdigest()
    lines = f"app==1.0 --hash=sha256:{right}\nevil==1.0 --hash=sha256:{WRONG}\n"
    assert "you ask for" in evil.refuses("install", *written(evil, {"r.txt": lines}))
    assert not built(evil)


def test_another_release_as_a_build_requirement_is_free_of_it(evil):
    """What a build needs in another version than the user is not what the user gave a hash of."""
    helper = evil.offer("helper", "2.0").hashes["sha256"]
    evil.offer("helper", "1.0")
    files = {**EVIL_FILES, "tinybuild.py": BACKEND, "project.json": json.dumps({"name": "app", "version": "1.0"})}
    filename, data = make_sdist("app", "1.0", files=files, pyproject=PYPROJECT.format(requires='"helper<2"'))
    evil.index.add(filename, data)
    lines = f"app==1.0 --hash=sha256:{hashlib.sha256(data).hexdigest()}\nhelper==2.0 --hash=sha256:{helper}\n"
    assert evil.run("install", *written(evil, {"r.txt": lines})).exit == 0


@parametrize("name", ["evil.tar.gz", "evil-2.0.tar.gz"], gate=(0,))
def test_a_pin_of_the_policy_where_only_the_build_tells_the_version(evil, name):
    evil.write(f"files/{name}", EVIL)
    evil.policy(
        ALLOWED
        + f'[rules.hashes]\nrequire = "index"\non-missing = "warn"\npins = {{ "evil==1.0" = ["sha256:{WRONG}"] }}\n'
    )
    assert "is none of the 1 pinned" in evil.refuses("install", f"evil @ file://{evil.work}/files/{name}")
    assert not built(evil)


def test_an_index_that_contradicts_itself(evil):
    page = [{"filename": NAME, "url": f"../../files/{NAME}", "hashes": {"sha256": digest}} for digest in (TRUE, WRONG)]
    body = json.dumps({"meta": {"api-version": "1.0"}, "name": "evil", "files": page}).encode()
    headers = {"content-type": "application/vnd.pypi.simple.v1+json"}
    evil.index.reply(evil.index.page_path("evil"), Reply(body=body, headers=headers))
    assert f"where {TRUE} and {WRONG} was promised" in evil.refuses("install", "evil")
    assert not built(evil)


def test_nothing_of_a_wheel_is_read_before_the_hash_of_the_user(evil):
    filename, data = make_wheel("big", "1.0", ["leak"], files={"big.py": "x = 1\n" * 40_000})
    evil.index.add(filename, data, hashes={}, metadata=False)
    assert "you ask for" in evil.refuses("install", *written(evil, {"r.txt": f"big==1.0 --hash=sha256:{WRONG}\n"}))
    assert not [path for path in evil.index.paths() if "leak" in path]


def test_what_two_pips_read_differently_is_not_built(evil):
    """A gzip may hold a whole zip in its header, which pip before 24.0 unpacks instead."""
    hidden = zip_archive([("evil-1.0/setup.py", MARK.encode())])
    tar = gzip.decompress(make_sdist("evil", "1.0", metadata_version="2.2")[1])
    head = b"\x1f\x8b\x08\x04" + bytes(6) + len(hidden).to_bytes(2, "little") + hidden
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packed.compress(tar) + packed.flush()
    data = head + body + zlib.crc32(tar).to_bytes(4, "little") + len(tar).to_bytes(4, "little")
    evil.index.add(NAME, data)
    assert "evil-1.0.tar.gz can be read as a zip too" in evil.refuses("install", "evil", code=1)
    assert not built(evil)
