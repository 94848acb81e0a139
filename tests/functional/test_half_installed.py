"""Whatever pip would only trip over while it installs is found before: the environment is as it was."""

from __future__ import annotations

import os
import subprocess
import zlib
from importlib.metadata import version

import pytest
from lib.index import LocalIndex
from lib.quick import Quick
from lib.targets import SITE_PACKAGES, find_pip
from lib.wheels import core_metadata, make_sdist, make_wheel, record, zip_archive

from safeinstall.sources.archives.checked_files import FROM

INFO = "app-1.0.dist-info"
RECORD = f"{INFO}/RECORD"
WHEEL = "app-1.0-py3-none-any.whl"
OWN_WAY_OUT = "safe-pip: way out: do not install this file; report it to whoever publishes it\n"


@pytest.fixture(scope="module", params=[version("pip"), pytest.param("26.3", marks=pytest.mark.slow)])
def module_user(request, tmp_path_factory):
    place = tmp_path_factory.mktemp("half")
    pip = find_pip(request.param, place)
    if isinstance(pip, str):
        pytest.skip(pip)
    with LocalIndex() as index:
        user = Quick(place / "user", pip, index)
        yield user
        user.close()


@pytest.fixture
def user(module_user):
    """A user with an empty environment and index."""
    module_user.renew()
    module_user.index.projects.clear()
    return module_user


def members(extra=None, *, requires=("lib",)):
    """Return what ``app`` holds; pip installs ``lib`` before it."""
    return {
        "app/__init__.py": b"x = 1\n" * 9,
        **{path: data.encode() if isinstance(data, str) else data for path, data in (extra or {}).items()},
        f"{INFO}/METADATA": core_metadata("app", "1.0", requires).encode(),
        f"{INFO}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }


def packed(content, rows=None):
    """Return the wheel; *rows* changes its RECORD."""
    text = record(content, RECORD).decode()
    return zip_archive({**content, RECORD: (rows(text) if rows else text).encode()}.items())


def holding(*paths):
    return packed(members(dict.fromkeys(paths, "x = 1\n")))


def refused(user, data, code=10, **options):
    """Ask for ``app``, which needs ``lib``; return what is said when neither is installed."""
    user.index.add(*make_wheel("lib", "1.0"))
    user.index.add(WHEEL, data)
    return unchanged(user, "app", code=code, **options)


def unchanged(user, *argv, code, env=None):
    before = user.snapshot()
    told = user.install(*argv, env=env)
    assert told.exit == code, told
    assert "Traceback" not in told.err
    assert user.snapshot() == before
    assert user.leftovers() == []
    return told.err


def test_a_wrong_crc(user):
    content = members()
    crc = zlib.crc32(content["app/__init__.py"])
    data = packed(content).replace(crc.to_bytes(4, "little"), b"evil")
    assert refused(user, data) == (
        f"safe-pip: {WHEEL} holds 'app/__init__.py' with the CRC-32 {crc:08x}, but says that it has 6c697665\n"
        f"{OWN_WAY_OUT}safe-pip: nothing was installed (exit 10)\n"
    )


WRONG_ROWS = {
    "another hash": (
        lambda text: text.replace("sha256=", "sha256=x", 1),
        "holds 'app/__init__.py' with the hash sha256=",
    ),
    "another size": (
        lambda text: text.replace(",54\n", ",55\n", 1),
        "holds 'app/__init__.py' of 54 bytes, but its RECORD says '55'\n",
    ),
    "no hash": (
        lambda text: "app/__init__.py,,\n" + text.partition("\n")[2],
        "has a RECORD with no hash of 'app/__init__.py'\n",
    ),
    "a weak hash": (
        lambda text: text.replace("sha256=", "md5=", 1),
        "which is none that a wheel may rely on, of 'app/__init__.py'\n",
    ),
    "padding": (
        lambda text: text.replace(",54\n", "=,54\n", 1),
        "which is not urlsafe Base64 without padding, of 'app/__init__.py'\n",
    ),
    "a row twice": (
        lambda text: text.partition("\n")[0] + "\n" + text,
        "lists 'app/__init__.py' twice in its RECORD\n",
    ),
    "a blank row": (lambda text: text + "\n", "has a RECORD whose row 5 has 0 fields instead of three\n"),
    "two fields": (
        lambda text: text.replace(",54\n", "\n", 1),
        "has a RECORD whose row 1 has 2 fields instead of three\n",
    ),
    "four fields": (
        lambda text: text.replace(",54\n", ",54,\n", 1),
        "has a RECORD whose row 1 has 4 fields instead of three\n",
    ),
}


@pytest.mark.parametrize("kind", WRONG_ROWS)
def test_a_record_that_is_wrong(user, kind):
    rows, reason = WRONG_ROWS[kind]
    err = refused(user, packed(members(), rows))
    assert err.startswith(f"safe-pip: {WHEEL} ")
    assert reason in err
    assert err.endswith(f"{OWN_WAY_OUT}safe-pip: nothing was installed (exit 10)\n")


NO_SCHEME = "holds a file that pip has no place for"
WRONG_PLACES = {
    "a scheme that is none": (
        holding("app-1.0.data/evil/x"),
        f"{NO_SCHEME}: 'app-1.0.data/evil/x'",
    ),
    "directly in .data": (
        holding("app-1.0.data/x"),
        f"{NO_SCHEME}: 'app-1.0.data/x'",
    ),
    "a file called .data": (
        holding("x.data"),
        f"{NO_SCHEME}: 'x.data'",
    ),
    "a file and a directory": (holding("a", "a/b"), "would put 'a' and 'a/b' in one place"),
    "a file and a directory, once they are in place": (
        holding("a/b", "app-1.0.data/purelib/a"),
        "would put 'a/b' and 'app-1.0.data/purelib/a' in one place",
    ),
    "a file and a directory of commands": (
        holding("app-1.0.data/data/bin/x", "app-1.0.data/scripts/x/y"),
        "would put 'app-1.0.data/data/bin/x' and 'app-1.0.data/scripts/x/y' in one place",
    ),
    "two files": (
        holding("a.py", "app-1.0.data/platlib/a.py"),
        "would put 'a.py' and 'app-1.0.data/platlib/a.py' in one place",
    ),
    "a dot": (holding("."), "holds a file whose path is not in its shortest form: '.'"),
    **{
        f"a directory {name}": (
            holding(f"{INFO}/{name}/x"),
            f"holds '{INFO}/{name}/x', where pip writes a file of its own",
        )
        for name in ("INSTALLER", "REQUESTED", "direct_url.json")
    },
    "a directory where a command goes": (
        packed(
            members(
                {
                    "app-1.0.data/scripts/run/x": "",
                    f"{INFO}/entry_points.txt": "[console_scripts]\nrun = app:x\n",
                }
            )
        ),
        "installs a command in place of a folder: 'run'",
    ),
    "entry points in another encoding": (
        packed(members({f"{INFO}/entry_points.txt": b"[x]\na = \xff\n"})),
        "has an entry_points.txt that is not UTF-8: 'byte 8'",
    ),
}


@pytest.mark.parametrize("kind", WRONG_PLACES)
def test_members_that_pip_cannot_put_in_their_place(user, kind):
    data, reason = WRONG_PLACES[kind]
    assert refused(user, data) == (
        f"safe-pip: {WHEEL} {reason}\n{OWN_WAY_OUT}safe-pip: nothing was installed (exit 10)\n"
    )


def test_what_setuptools_wrote_for_its_commands_is_left_out_by_pip(user):
    """``bin/app`` is in the wheel, and pip makes it of the entry points."""
    extra = {"app-1.0.data/scripts/app": "#!python\n", f"{INFO}/entry_points.txt": "[console_scripts]\napp = app:x\n"}
    user.index.add(WHEEL, packed(members(extra, requires=())))
    assert user.install("app").exit == 0
    assert user.installed() == {"app": "1.0"}


def test_two_wheels_of_one_plan(user):
    user.index.add(*make_wheel("lib", "1.0", files={"shared/x.py": ""}))
    user.index.add(*make_wheel("app", "1.0", ["lib"], files={"shared": ""}))
    site = f"PLACE/target/{SITE_PACKAGES}"
    assert unchanged(user, "app", code=1) == (
        f"ERROR: {WHEEL} and lib-1.0-py3-none-any.whl cannot be installed together: {site}/shared would be a file and"
        " a directory\n"
        "safe-pip: way out: ask for other versions, or for one of them alone\n"
        "safe-pip: nothing was installed (exit 1)\n"
    )


def obstructed(user, place, wanted):
    """Put something at *place* of the target, ask for ``app``, which needs ``lib`` and installs *wanted*."""
    path = user.target / place.rstrip("/")
    path.mkdir(parents=True) if place.endswith("/") else path.write_text("")
    user.index.add(*make_wheel("lib", "1.0"))
    user.index.add(*make_wheel("app", "1.0", ["lib"], files=wanted, entry_points="[console_scripts]\nrun = app:x\n"))
    return unchanged(user, "app", code=1)


@pytest.mark.parametrize(
    ("place", "wanted", "problem"),
    [
        ("{site}/app.py/", {"app.py": ""}, "a file is needed where PLACE/target/{place} is a directory"),
        ("{site}/app", {"app/x/y.py": ""}, "a directory is needed where PLACE/target/{place} is none"),
        ("bin/run/", {"app.py": ""}, "a file is needed where PLACE/target/{place} is a directory"),
        ("share", {"app-1.0.data/data/share/x": ""}, "a directory is needed where PLACE/target/{place} is none"),
    ],
)
def test_what_is_there_already(user, place, wanted, problem):
    place = place.format(site=SITE_PACKAGES)
    told = problem.format(place=place.rstrip("/"))
    assert obstructed(user, place, wanted) == (
        f"safe-pip: {WHEEL} cannot be installed: {told}\n"
        "safe-pip: way out: move it away, then try again\n"
        "safe-pip: nothing was installed (exit 1)\n"
    )


def test_a_link_that_leads_nowhere(user):
    site = user.target / SITE_PACKAGES
    (site / "app").symlink_to("nowhere")
    user.index.add(*make_wheel("app", "1.0"))
    assert f"a directory is needed where PLACE/target/{SITE_PACKAGES}/app is none" in unchanged(user, "app", code=1)


def test_what_is_there_of_the_version_that_is_replaced(user):
    user.index.add(*make_wheel("app", "0.9", files={"app.d/x.py": "", "other": "", "app.py": ""}))
    assert user.install("app").exit == 0
    user.index.add(*make_wheel("app", "1.0", files={"app.d": "", "other/x.py": "", "app.py": "1"}))
    assert user.install("--upgrade", "app").exit == 0
    assert user.installed() == {"app": "1.0"}
    assert (user.target / SITE_PACKAGES / "app.d").is_file()


def test_what_was_put_beside_the_version_that_is_replaced(user):
    user.index.add(*make_wheel("app", "0.9", files={"app.d/x.py": ""}))
    assert user.install("app").exit == 0
    (user.target / SITE_PACKAGES / "app.d" / "mine").write_text("")
    user.index.add(*make_wheel("app", "1.0", files={"app.d": ""}))
    assert "a file is needed where" in unchanged(user, "--upgrade", "app", code=1)


@pytest.fixture
def unwritable(user):
    """A directory of commands that nobody, not even root, can write."""
    place = user.target / "bin"
    if subprocess.run(["mount", "--bind", place, place], check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)
    yield user
    subprocess.run(["umount", "--lazy", place], check=True)


def test_a_directory_that_cannot_be_written(unwritable):
    index = unwritable.index
    index.add(*make_wheel("app", "1.0", entry_points="[console_scripts]\nrun = app:x\n"))
    assert unchanged(unwritable, "app", code=1) == (
        f"safe-pip: {WHEEL} cannot be installed: PLACE/target/bin cannot be written\n"
        "safe-pip: way out: make it writable for this user, or choose another place (--user, --target)\n"
        "safe-pip: nothing was installed (exit 1)\n"
    )
    target = f"{unwritable.target}/bin/mine"
    assert "PLACE/target/bin cannot be written\n" in unchanged(unwritable, "--target", target, "app", code=1)
    index.add(*make_wheel("app", "1.1"))
    assert unwritable.install("app").exit == 0


def test_a_path_that_is_too_long(user):
    files = {"/".join([("p" * 250)] * 4) + "/x.py": ""}
    user.index.add(*make_wheel("app", "1.0", files=files))
    prefix = user.place / "/".join(["q" * 250] * 13)
    told = user.install("--prefix", str(prefix), "app")
    assert told.exit == 1
    assert "would be longer than 4095 bytes\n" in told.err
    assert not prefix.exists()
    assert user.install("app").exit == 0


REMOVALS = {
    "no RECORD": (lambda info: (info / "RECORD").unlink(), "RECORD file"),
    "a blank row": (lambda info: (info / "RECORD").write_text("\n"), "Cannot uninstall lib: IndexError"),
    "a RECORD in another encoding": (lambda info: (info / "RECORD").write_bytes(b"\xff,,\n"), "Cannot uninstall lib"),
}


@pytest.mark.parametrize("damage", REMOVALS)
def test_an_installed_version_that_pip_cannot_remove(user, damage):
    """pip finds this when it has installed what comes before."""
    damage, reason = REMOVALS[damage]
    user.index.add(*make_wheel("lib", "0.9"))
    assert user.install("lib").exit == 0
    damage(user.target / SITE_PACKAGES / "lib-0.9.dist-info")
    user.index.add(*make_wheel("first", "1.0"))
    user.index.add(*make_wheel("lib", "1.0", ["first"]))
    assert reason in unchanged(user, "--upgrade", "lib", code=1)


def test_one_that_distutils_installed(user):
    (user.target / SITE_PACKAGES / "lib-0.9.egg-info").write_text("Metadata-Version: 1.0\nName: lib\nVersion: 0.9\n")
    user.index.add(*make_wheel("first", "1.0"))
    user.index.add(*make_wheel("lib", "1.0", ["first"]))
    assert "distutils" in unchanged(user, "--upgrade", "lib", code=1)


def test_into_a_directory_of_its_own(user):
    """What is there is pip's to replace, or to leave."""
    user.index.add(*make_wheel("app", "1.0", files={"app": ""}))
    (user.place / "work" / "lib" / "app").mkdir(parents=True)
    told = user.install("--target", "lib", "app")
    assert told.exit == 0, told
    assert (user.place / "work" / "lib" / "app-1.0.dist-info").is_dir()


def test_the_same_bytes_are_not_unpacked_twice(user):
    """What is remembered is believed of nothing else, and only if it is whole."""
    user.index.add(*make_wheel("app", "1.0", files={"app/noise": os.urandom(FROM)}))
    assert user.install("app").exit == 0
    (kept,) = (path for path in (user.cache / "checked").rglob("*") if path.is_file())
    file = next(path for path in (user.cache / "files").rglob("*") if path.is_file())
    assert kept.relative_to(user.cache / "checked") == file.relative_to(user.cache / "files")
    before = kept.stat().st_mtime_ns
    assert user.install("--force-reinstall", "app").exit == 0
    assert kept.stat().st_mtime_ns == before
    kept.write_bytes(kept.read_bytes()[:-1])
    assert user.install("--force-reinstall", "app").exit == 0
    assert kept.stat().st_mtime_ns != before


def test_a_source_distribution_that_passed_is_no_wheel_that_did(user):
    """The same bytes are both: a zip that its RECORD does not describe."""
    content = members({"app/noise": os.urandom(FROM)}, requires=())
    data = packed(content, lambda text: text.replace("sha256=", "sha256=x", 1))
    user.index.add("app-1.0.zip", data)
    user.install("app")
    user.index.projects.clear()
    user.index.add(WHEEL, data)
    assert "holds 'app/__init__.py' with the hash sha256=" in unchanged(user, "app", code=10)


def sdist_cut_in_its_checksum():
    name, data = make_sdist("app", "1.0")
    return name, data[:-8] + b"evil" + data[-4:]


def test_a_source_distribution_that_is_not_whole_is_not_opened(user):
    user.index.add(*sdist_cut_in_its_checksum())
    err = unchanged(user, "app", code=1)
    assert err.startswith(
        "WARNING: Ignoring version 1.0 of app since it has invalid metadata: app-1.0.tar.gz cannot be read as an archive:"
        " 'CRC check failed "
    )


def test_a_name_that_this_locale_cannot_write(shell):
    shell.policy("")
    shell.offer("app", "1.0", files={"app/\N{SNOWMAN}.txt": ""})
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    err = shell.refuses("install", "app", code=1, env=ascii_only)
    assert f"this locale has no way to write 'TMP/env/{SITE_PACKAGES}/app/\\u2603.txt'\n" in err
    assert shell.install("app").exit == 0
