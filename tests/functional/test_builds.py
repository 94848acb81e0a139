"""What must be built: only where the policy allows it, over judged build requirements, without network."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess

import pytest
from lib.backend import BACKEND, tree
from lib.gate import parametrize
from lib.index import Reply
from lib.shell import told
from lib.wheels import make_sdist, make_wheel, tar_archive

from safeinstall.sources.pip.builds import isolation

needs_isolation = pytest.mark.skipif(not isolation(), reason="this machine can isolate no builds")


@pytest.fixture
def builder(shell):
    """A user whose index has the build backend, and whose policy lets anything be built."""
    shell.policy("")
    shell.index.add(*make_wheel("tinybuild", "1.0", files={"tinybuild.py": BACKEND}))
    shell.offer("helper", "1.0")
    return shell


def offer(shell, name, version="1.0", **told):
    """Put a source distribution on the index whose metadata only a build can tell."""
    files = tree(name, version, **told)
    pyproject = files.pop("pyproject.toml")
    shell.index.add(*make_sdist(name, version, files=files, pyproject=pyproject))


def plant(shell, folder, name, **told):
    for path, text in tree(name, **told).items():
        shell.write(f"{folder}/{path}", text)


def by_plain_pip(shell, *argv):
    """Return what plain pip leaves behind for the same command, and take it away again."""
    assert shell.pip("install", *argv).exit == 0
    left = shell.pip("freeze").out, everything(shell)
    names = list(shell.installed())
    assert shell.pip("uninstall", "-y", *names).exit == 0
    return left


def everything(shell):
    """Return the contents of site-packages but for pip's own, and for what differs between any two builds."""
    return {
        str(path.relative_to(shell.site)): path.read_bytes()
        for path in shell.site.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and path.parts[len(shell.site.parts)].startswith(("app", "helper"))
    }


@parametrize(
    "argv",
    [("app",), ("./tree",), ("-e", "./tree"), ("app @ file://{work}/tree",), ("git+file://{work}/tree",)],
    gate=(0, 4),
)
def test_the_result_is_that_of_pip(builder, argv):
    offer(builder, "app", requires=["helper"])
    plant(builder, "tree", "app", requires=["helper"])
    git(builder, "tree")
    argv = [word.format(work=builder.work) for word in argv]
    expected = by_plain_pip(builder, *argv)
    done = builder.install(*argv)
    assert done.exit == 0
    assert "safe-pip" not in done.err
    assert (builder.pip("freeze").out, everything(builder)) == expected
    assert builder.installed() == {"app": "1.0", "helper": "1.0"}


def git(shell, folder):
    where = shell.work / folder
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    for words in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "first"]):
        subprocess.run(["git", *words], cwd=where, check=True, env=shell.environ)


def test_a_dry_run_builds_metadata_only(builder):
    offer(builder, "app", requires=["helper"])
    before = builder.snapshot()
    done = builder.install("--dry-run", "app")
    assert (done.exit, done.out, done.err) == (0, "Would install app-1.0 helper-1.0\n", "")
    assert builder.snapshot() == before


@pytest.mark.parametrize(
    "address",
    [
        "git+file://{work}/tree",
        pytest.param("git+file://{work}/tree@main", marks=pytest.mark.slow),
        pytest.param("git+file://{work}/tree@{commit}", marks=pytest.mark.slow),
    ],
)
def test_the_report_of_a_dry_run_tells_the_commit(builder, address):
    plant(builder, "tree", "app")
    git(builder, "tree")
    subprocess.run(["git", "branch", "-M", "main"], cwd=builder.work / "tree", check=True, env=builder.environ)
    commit = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=builder.work / "tree", text=True).strip()
    argv = ("install", "--dry-run", "-q", "--report", "-", address.format(work=builder.work, commit=commit))
    runs = builder.run(*argv), builder.pip(*argv)
    assert [run.exit for run in runs] == [0, 0], runs
    ours, pips = (json.loads(run.out)["install"] for run in runs)
    for item in (*ours, *pips):
        item.pop("is_yanked", None)  # unknown to pip before 23.3
    assert ours == pips
    assert ours[0]["download_info"]["vcs_info"]["commit_id"] == commit


@pytest.mark.parametrize("told", [{"dynamic": ["helper"]}, {"requires": ["helper"]}])
def test_what_a_build_or_its_result_requires_is_judged(builder, told):
    offer(builder, "app", **told)
    builder.policy('[rules.denylist]\npackages = [{ package = "helper", reason = "it phones home" }]\n')
    asks = "a build" if "dynamic" in told else "app → helper"
    assert builder.refuses("install", "app").splitlines() == [
        "safe-pip: refused helper 1.0 (helper-1.0-py3-none-any.whl) from INDEX/simple/",
        "  denylist          helper 1.0 is on the denylist as helper: it phones home",
        "                    policy: policy.toml:3 (rules.denylist.packages[0])",
        f"  required by       {'helper (a build)' if 'dynamic' in told else asks}",
        "  newest allowed    no file of helper passes this policy",
        "  way out           do without helper, or ask whoever keeps the policy for an exception",
        "safe-pip: denied by policy policy.toml; nothing was installed",
    ]


def test_a_denied_backend_is_not_even_fetched(builder):
    offer(builder, "app")
    builder.policy('[rules.denylist]\npackages = [{ package = "tinybuild", reason = "no builds with it" }]\n')
    err = builder.refuses("install", "app")
    assert err.splitlines()[0] == (
        "safe-pip: refused tinybuild 1.0 (tinybuild-1.0-py3-none-any.whl) from INDEX/simple/"
    )
    assert not [path for path in builder.index.paths() if "tinybuild-1.0" in path]


def test_what_builds_as_another_version_is_passed_over(builder):
    """As with pip, which says so too; a fault of the index or of the publisher is none of ours."""
    builder.index.add(*make_sdist("app", "1.0", builds="app 6.6"))
    assert builder.refuses("install", "app==1.0", code=1) == told("""
        ERROR: Could not find a version that satisfies the requirement app==1.0 (from versions: 1.0)
        ERROR: No matching distribution found for app==1.0
    """)
    assert builder.install("app==1.0").out == told("""
        Looking in indexes: INDEX/simple/
        Discarding app-1.0.tar.gz from INDEX/simple/: Requested app has inconsistent version: expected '1.0', but metadata has '6.6'
    """)
    builder.offer("app", "0.9")
    done = builder.install("app")
    assert done.exit == 0
    assert "inconsistent version: expected '1.0', but metadata has '6.6'" in done.err
    assert builder.installed() == {"app": "0.9"}


def test_a_requirement_of_a_build_that_builds_as_another_version_is_passed_over(builder):
    builder.index.add(*make_sdist("helper", "2.0", builds="helper 6.6"))
    offer(builder, "app", dynamic=["helper"])
    done = builder.install("app")
    assert (done.exit, builder.installed()) == (0, {"app": "1.0"})
    builder.index.projects.pop("helper")
    builder.index.add(*make_sdist("helper", "2.0", builds="other 2.0"))
    assert builder.refuses("install", "--force-reinstall", "app", code=1) == told("""
        ERROR: Could not find a version that satisfies the requirement helper (from versions: 2.0)
        ERROR: No matching distribution found for helper
    """)


@parametrize("argv", [("-e", "file://{work}/tree#egg=app"), ("app @ file://{work}/tree",)], gate=(0,))
def test_a_tree_that_is_asked_for_by_the_name_of_another(builder, argv):
    plant(builder, "tree", "other")
    argv = [word.format(work=builder.work) for word in argv]
    done = builder.install(*argv)
    assert (done.exit, builder.installed()) == (1, {})
    assert "Discarding file://TMP/work/tree: Requested app has inconsistent name: expected 'app'" in done.out
    assert done.err == told("""
        ERROR: Could not find a version that satisfies the requirement app (unavailable) (from versions: none)
        ERROR: No matching distribution found for app (unavailable)
    """)


def test_a_name_that_only_the_metadata_tells_is_no_path(builder):
    elsewhere = builder.tmp / "elsewhere"
    path = builder.write(*make_sdist("app", "1.0", builds=f"{elsewhere} 1.0", metadata_version="2.2"))
    assert builder.refuses("install", path) == told("""
        safe-pip: the metadata of the file has an invalid Name: 'TMP/elsewhere'
        safe-pip: nothing was installed (exit 10)
    """)
    assert not elsewhere.exists()


@needs_isolation
def test_a_build_reaches_nothing(builder):
    log = builder.tmp / "log"
    offer(builder, "app", log=str(log), url=builder.index.url)
    assert builder.install("app").exit == 0
    ours = "PIP_BUILD_TRACKER PIP_CONFIG_FILE PIP_DISABLE_PIP_VERSION_CHECK PIP_NO_INPUT"
    assert set(log.read_text().splitlines()) == {f"no network {ours}"}


def test_a_build_that_fails_is_pips_failure(builder):
    offer(builder, "app", fails=True)
    err = builder.refuses("install", "app", code=1)
    lines = err.splitlines()
    assert lines[0] == "ERROR: the metadata of app-1.0.tar.gz cannot be had, its build failed:"
    assert any("the compiler is missing" in line for line in lines)


def test_a_repository_that_moves_on_is_not_installed(builder):
    """What pip checks out is what was judged, or nothing: between the two another commit may have come."""
    plant(builder, "tree", "app", requires=["helper"])
    git(builder, "tree")
    # Whoever checks it out gets a hook that commits to it: the second checkout is of another commit.
    commit = (
        "env -u GIT_DIR -u GIT_WORK_TREE git -c user.name=a -c user.email=a@b.example commit -q --allow-empty -m next"
    )
    hook = builder.write("template/hooks/post-checkout", f"#!/bin/sh\ncd {builder.work}/tree && {commit}\n")
    hook.chmod(0o755)
    (builder.home / ".gitconfig").write_text(f"[init]\n\ttemplateDir = {builder.work}/template\n")
    before = builder.snapshot()
    done = builder.install(f"git+file://{builder.work}/tree")
    assert done.exit == 10
    assert re.search(r"safe-pip: refused: git\+file:TMP/work/tree is not at the commit [0-9a-f]{40} that was", done.err)
    assert builder.snapshot() == before


def test_a_wheel_that_pip_built_before_stands_for_nothing(builder):
    """pip keeps what it built, by the link it came from: a judged file must be built from its own bytes."""
    offer(builder, "app")
    assert builder.pip("wheel", "--no-deps", "-w", builder.tmp / "wheels", "app").exit == 0
    cached = list((builder.home / ".cache" / "pip" / "wheels").rglob("*.whl"))
    assert cached, "pip cached no wheel, so that this test shows nothing"
    for wheel in cached:
        _, data = make_wheel("app", "1.0", files={"app.py": "BUILT = 'by somebody else'\n"})
        wheel.write_bytes(data)
    assert builder.install("app").exit == 0
    assert (builder.site / "app.py").read_text() == "BUILT = True\n"


def test_a_build_requirement_that_must_be_built_itself(builder):
    shutil.rmtree(builder.temporary)
    builder.temporary.mkdir()
    offer(builder, "helper", "2.0")
    offer(builder, "app", dynamic=["helper>=2"])
    assert builder.install("app").exit == 0
    assert builder.installed() == {"app": "1.0"}


EVIL_WHEELS = {
    "a command with a path": {"entry_points": "[console_scripts]\n../../evil = app:main\n"},
    "a start-up hook of another name": {"record": "app.py,sha256=AAAA,1\n"},
}


@pytest.mark.parametrize("told", EVIL_WHEELS.values(), ids=EVIL_WHEELS.keys())
@parametrize("argv", [["app"], ["./tree"], ["-e", "./tree"]], gate=(0,), ids=["sdist", "tree", "editable"])
def test_a_wheel_that_a_build_makes_is_looked_at_like_any_other(builder, told, argv):
    offer(builder, "app", **told)
    plant(builder, "tree", "app", **told)
    before = builder.snapshot()
    done = builder.install(*argv)
    assert done.exit == 10
    assert "safe-pip: app-1.0-py3-none-any.whl " in done.err
    assert builder.snapshot() == before
    assert builder.installed() == {}


ARCHIVE = "{index}/files/x-7.0.tar.gz"
SUBDIRECTORIES = {
    "an archive": ("app @ " + ARCHIVE + "#subdirectory=sub",),
    "an archive without a name": (ARCHIVE + "#subdirectory=sub",),
    "an archive of this disk": ("app @ file://{work}/x-7.0.tar.gz#subdirectory=sub",),
    "a repository": ("git+file://{work}/repo#subdirectory=sub&egg=app",),
    "an editable repository": ("-e", "git+file://{work}/repo#egg=app&subdirectory=sub"),
    "a tree": ("app @ file://{work}/repo#subdirectory=sub",),
    "an editable tree": ("-e", "file://{work}/repo#egg=app&subdirectory=sub"),
    "a locked archive": ("-r", "archive/pylock.toml"),
    "a locked repository": ("-r", "vcs/pylock.toml"),
    "a locked tree": ("-r", "directory/pylock.toml"),
}


@pytest.fixture(params=["23.2.1", pytest.param("26.3", marks=pytest.mark.slow)])
def nested(request, shell_of):
    """A builder with an archive, a repository and locks of them: app 1.0 is in ``sub``, and the root tells if built."""
    shell = shell_of(request.param)
    shell.policy("")
    shell.index.add(*make_wheel("tinybuild", "1.0", files={"tinybuild.py": BACKEND}))
    shell.offer("helper", "1.0")
    root = tree("app", "6.6", log=str(shell.tmp / "mark"), url=shell.index.url)
    pkg_info = {"PKG-INFO": "Metadata-Version: 2.2\nName: app\nVersion: 6.6\n"}
    sub = {f"sub/{path}": text for path, text in tree("app", requires=["helper"]).items()}
    other = {f"other/{path}": text for path, text in tree("appother").items()}
    files = {**root, **pkg_info, **sub, **other}
    for path, text in files.items():
        shell.write(f"repo/{path}", text)
    git(shell, "repo")
    archive = tar_archive((f"x-7.0/{path}", text.encode()) for path, text in files.items())
    shell.index.reply("/files/x-7.0.tar.gz", Reply(body=archive))
    shell.write("x-7.0.tar.gz", archive)
    commit = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=shell.work / "repo", text=True).strip()
    digest = hashlib.sha256(archive).hexdigest()
    lock_folder(shell, "archive", f'url = "{at(shell, ARCHIVE)}", hashes = {{sha256 = "{digest}"}}')
    lock_folder(shell, "vcs", f'type = "git", url = "file://{shell.work}/repo", commit-id = "{commit}"')
    lock_folder(shell, "directory", 'path = "../repo"')
    return shell


def at(shell, word):
    return word.format(index=shell.index.root, work=shell.work)


def lock_folder(shell, kind, facts):
    head = 'lock-version = "1.0"\ncreated-by = "me"\n'
    app = f'[[packages]]\nname = "app"\nversion = "1.0"\n{kind} = {{{facts}, subdirectory = "sub"}}\n'
    if "hashes" not in facts:  # pip takes no tree and no repository beside a hash
        shell.write(f"{kind}/pylock.toml", head + app)
        return
    helper = '[[packages]]\nname = "helper"\nversion = "1.0"\n'
    file = shell.index.find("helper-1.0-py3-none-any.whl")
    wheel = f'url = "{shell.index.file_url(file.filename)}", hashes = {{sha256 = "{file.hashes["sha256"]}"}}'
    shell.write(f"{kind}/pylock.toml", f"{head}{app}{helper}wheels = [{{{wheel}}}]\n")


def direct_url(shell):
    return json.loads(shell.dist_info("app")["direct_url.json"])


@parametrize("argv", SUBDIRECTORIES.values(), gate=(0, 7), ids=SUBDIRECTORIES.keys())
def test_a_subdirectory_is_built_and_not_the_root(nested, argv):
    argv = [at(nested, word) for word in argv]
    reads_locks = argv[0] != "-r" or nested.pip("--version").out.startswith("pip 26")
    if "vcs/pylock.toml" in argv and not reads_locks:
        pytest.skip("this pip takes no git+file: address with a name")
    expected = None
    if reads_locks:
        assert nested.pip("install", *argv).exit == 0
        expected = nested.pip("freeze").out, everything(nested), direct_url(nested)
        assert nested.pip("uninstall", "-y", "app", "helper").exit == 0
    assert nested.install("--dry-run", *argv).exit == 0
    assert nested.installed() == {}
    assert nested.install(*argv).exit == 0
    assert nested.installed() == {"app": "1.0", "helper": "1.0"}
    assert expected in (None, (nested.pip("freeze").out, everything(nested), direct_url(nested)))
    told = direct_url(nested)
    assert told.get("subdirectory") == "sub" or told["url"].endswith("/repo/sub") or "dir_info" in told
    assert not (nested.tmp / "mark").exists()


@parametrize("kind", ["an archive", "a repository", "a tree"], gate=(0,))
@pytest.mark.parametrize("command", ["download", "wheel"])
def test_a_subdirectory_is_what_is_kept(nested, command, kind):
    (word,) = SUBDIRECTORIES[kind]
    assert nested.run(command, "-d" if command == "download" else "-w", "out", at(nested, word)).exit == 0
    assert not (nested.tmp / "mark").exists()
    kept = {path.name for path in (nested.work / "out").iterdir()}
    assert "helper-1.0-py3-none-any.whl" in kept
    assert command == "download" or "app-1.0-py3-none-any.whl" in kept


@pytest.mark.parametrize("kind", ["an archive", "a repository", "a tree"])
def test_a_subdirectory_is_locked(nested, kind):
    if not nested.pip("--version").out.startswith("pip 26"):
        pytest.skip("this pip has no lock")
    (word,) = SUBDIRECTORIES[kind]
    assert nested.pip("lock", "-o", "pylock.plain.toml", at(nested, word)).exit == 0
    assert nested.run("lock", "-o", "pylock.toml", at(nested, word)).exit == 0
    locked, plain = ((nested.work / name).read_text() for name in ("pylock.toml", "pylock.plain.toml"))
    assert 'subdirectory = "sub"' in locked
    assert locked.partition("[[packages]]")[2].partition("[[packages]]")[0] in plain
    assert not (nested.tmp / "mark").exists()


@parametrize("place", [ARCHIVE, "git+file://{work}/repo"], gate=(0,), ids=["archive", "repository"])
def test_two_subdirectories_are_two_projects(nested, place):
    argv = [
        at(nested, f"{place}#egg={name}&subdirectory={folder}")
        for name, folder in (("app", "sub"), ("appother", "other"))
    ]
    assert nested.install(*argv).exit == 0
    assert nested.installed() == {"app": "1.0", "helper": "1.0", "appother": "1.0"}
    assert not (nested.tmp / "mark").exists()


@parametrize("place", [ARCHIVE, "git+file://{work}/repo", "file://{work}/repo"], gate=(0,))
@pytest.mark.parametrize("folder", ["../repo/sub", "sub/../../evil", "/evil", "sub\\..\\.."])
def test_a_subdirectory_that_is_none_is_refused(nested, place, folder):
    if place.startswith("file:") and "../" in folder:
        pytest.skip(
            "pip forgets the fragment of a file: address that holds ../ (constructors.py): it asks for the root"
        )
    before = nested.snapshot()
    err = nested.refuses("install", at(nested, place) + f"#egg=app&subdirectory={folder}")
    assert f"asks to build {folder!r}, which is no folder inside it\n" in err
    assert "name the folder relative to the root: #subdirectory=path/to/project\n" in err
    assert nested.snapshot() == before
    assert not (nested.tmp / "mark").exists()


def test_a_wheel_that_a_build_makes_is_judged_by_what_it_installs(builder):
    """Before it was built nobody knew, and that was a missing fact."""
    offer(builder, "app", entry_points="[console_scripts]\npip3.11 = app:main\n")
    builder.policy('[rules.contents]\non-missing = "warn"\n')
    before = builder.snapshot()
    done = builder.install("app")
    assert done.exit == 10, done
    assert "contents          " in done.err
    assert "pip3.11" in done.err
    assert builder.snapshot() == before


def test_a_build_that_requires_more_than_it_said_is_refused(builder):
    """What its metadata said was resolved and judged; the wheel is another truth."""
    offer(builder, "app", more="leak")
    before = builder.snapshot()
    done = builder.install("app")
    assert done.exit == 10, done
    assert "app-1.0-py3-none-any.whl requires leak, which it did not before it was built" in done.err
    assert builder.snapshot() == before


# What a refusal asks to be allowed


def test_what_a_refusal_of_a_repository_asks_for_lets_it_be_built(builder):
    """Its name is known only once it is built: what the address tells counts before, and the real one then."""
    plant(builder, "tree.git", "app")
    git(builder, "tree.git")
    subprocess.run(["git", "branch", "-M", "main"], cwd=builder.work / "tree.git", check=True, env=builder.environ)
    argv = ("install", "--dry-run", f"git+file://{builder.work}/tree.git@main")
    for allowed, asked in (('"helper"', "tree"), ('"helper", "tree"', "app==1.0")):
        builder.policy(f"[rules.sdists]\nallow = [{allowed}]\n")
        err = builder.refuses(*argv)
        assert f'if it may be built, add "{asked}" to allow in [rules.sdists]\n' in err
        assert " 0 " not in err
    builder.policy('[rules.sdists]\nallow = ["helper", "tree", "app==1.0"]\n')
    assert builder.run(*argv).exit == 0


@pytest.mark.parametrize("revision", ["", "@v1"])
def test_a_repository_that_is_not_there_is_missing_and_not_denied(builder, revision):
    builder.policy("[rules.sdists]\n")
    done = builder.install(f"git+file://{builder.work}/nowhere{revision}")
    assert (done.exit, done.err) == (
        1,
        f"ERROR: git+file:TMP/work/nowhere{revision} names no repository: there is no directory TMP/work/nowhere\n",
    )


@pytest.mark.slow
def test_what_a_build_needs_and_is_asked_for_is_installed_as_a_whole(shell_of):
    """pip fills the environment of the build in its own process, before it comes to install."""
    shell = shell_of("26.3")
    shell.policy("")
    shell.index.add(*make_wheel("tinybuild", "1.0", files={"tinybuild.py": BACKEND}))
    modules = {f"helper/{name}.py": "X = 1\n" for name in ("__init__", "a", "sub/b")}
    shell.index.add(*make_wheel("helper", "1.0", files=modules))
    offer(shell, "app", dynamic=["helper"])
    for _ in range(2):
        done = shell.install("app", "helper", "--use-feature", "inprocess-build-deps")
        assert (done.exit, shell.installed()) == (0, {"app": "1.0", "helper": "1.0"}), done
        assert {str(path.relative_to(shell.site)) for path in shell.site.glob("helper/**/*.py")} == {*modules}
        shell.pip("uninstall", "-y", "app", "helper")
