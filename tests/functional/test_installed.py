"""What is installed already, in whatever form: read as the target's pip reads it, and named where nobody can read it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lib.shell import Shell, told
from lib.wheels import zip_archive

PIPS = ("23.2.1", pytest.param("26.3", marks=pytest.mark.slow))
NOT_UTF_8 = b"Metadata-Version: 2.1\nName: bad\nVersion: 1.0\nSummary: \xff\n"


@pytest.fixture
def make_shell(shell_of):
    """A user of that pip whose index has what is installed in old forms."""

    def make(wanted: str) -> Shell:
        shell = shell_of(wanted)
        shell.policy("")
        for name in ("app", "dep", "eggy"):
            shell.offer(name, "9.0")
        return shell

    return make


@pytest.fixture(params=PIPS)
def user(request, make_shell):
    return make_shell(request.param)


def metadata(name, version="1.0", more=""):
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}"


def put(site, path, content):
    place = site / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return place


def egg_info(site, name="eggy", needs="dep\n"):
    put(site, f"{name}-1.0.egg-info/PKG-INFO", metadata(name))
    put(site, f"{name}-1.0.egg-info/requires.txt", needs)


def as_pip(shell, *argv):
    """What both say that they would install."""
    own, pip = shell.install("--dry-run", *argv), shell.pip("install", "--dry-run", *argv)
    lines = [[line for line in done.out.splitlines() if line.startswith("Would")] for done in (own, pip)]
    assert (own.exit, lines[0]) == (pip.exit, lines[1]), (own, pip)
    return "".join(lines[0])


# --- where it is


def test_a_zipped_egg_on_the_path(user):
    members = {"EGG-INFO/PKG-INFO": metadata("eggy"), "EGG-INFO/requires.txt": "dep\n", "eggy.py": ""}
    put(user.site, "eggy-1.0-py3.11.egg", zip_archive((name, text.encode()) for name, text in members.items()))
    put(user.site, "easy-install.pth", "./eggy-1.0-py3.11.egg\n")
    assert as_pip(user, "eggy") == "Would install dep-9.0"
    assert user.install("app").exit == 0
    assert user.run("audit", "--format", "json").exit == 0


def test_a_place_before_the_environment(user):
    put(user.site, "a-1.0.dist-info/METADATA", metadata("a"))
    put(user.work, "first/a-2.0.dist-info/METADATA", metadata("a", "2.0", "Requires-Dist: dep\n"))
    user.environ["PYTHONPATH"] = str(user.work / "first")
    assert as_pip(user, "a>=2") == "Would install dep-9.0"


def test_the_site_packages_of_the_user_and_of_the_system(user):
    base = Path((user.target / "bin" / "python").resolve())
    config = user.target / "pyvenv.cfg"
    config.write_text(f"home = {base.parent}\ninclude-system-site-packages = true\n")
    version = user.site.parent.name
    own = user.home / ".local" / "lib" / version / "site-packages"
    egg_info(own)
    assert as_pip(user, "eggy") == "Would install dep-9.0"


@pytest.mark.parametrize("wanted", PIPS)
def test_where_pip_still_reads_by_pkg_resources(make_shell, wanted):
    """As distributions of Python may say, and as pip does before Python 3.11."""
    shell = make_shell(wanted)
    put(shell.site, "sitecustomize.py", "import importlib.metadata as m\nm._PIP_USE_IMPORTLIB_METADATA = False\n")
    egg_info(shell.site, needs="dep\n\n[:python_version < '3']\nnever\n\n[More]\napp\n")
    assert as_pip(shell, "eggy[More]") == "Would install app-9.0 dep-9.0"
    assert shell.run("audit").exit == 0


# --- what asks


def test_every_command_of_ours_sees_what_an_old_installation_needs(user):
    egg_info(user.site)
    put(user.site, "dep-1.0.egg-info/PKG-INFO", metadata("dep"))
    done = user.run("why", "dep")
    assert done.out == told("""
        dep 1.0
          you → eggy → dep
        no index offers dep 1.0
    """)
    user.policy('[rules.licenses]\nallow = ["MIT"]\non-missing = "deny"\n')
    put(user.site, "dep-1.0.egg-info/PKG-INFO", metadata("dep", more="License-Expression: MIT\n"))
    said = json.loads(user.run("audit", "--format", "json").out)
    levels = {package["name"]: package["level"] for package in said["packages"] if package["name"] != "pip"}
    assert levels == {"dep": "allow", "eggy": "deny"}


def test_a_link_to_a_project_is_no_file_of_an_index(user):
    put(user.work, "src/eggy.egg-info/PKG-INFO", metadata("eggy", "9.0"))
    put(user.site, "eggy.egg-link", f"{user.work}/src\n.")
    put(user.site, "easy-install.pth", f"{user.work}/src\n")
    user.policy("[rules.direct-references]\n")
    user.index.requests.clear()
    done = user.run("audit", "--format", "json")
    (eggy,) = (package for package in json.loads(done.out)["packages"] if package["name"] == "eggy")
    assert (eggy["file"], eggy["index"]) == ("src", f"file://{user.neutral(str(user.work))}/src")
    assert user.index.page_path("eggy") not in user.index.paths()


def test_the_files_of_an_old_installation_are_its_own(user):
    user.policy("[rules.contents]\n")
    put(user.site, "lib/__init__.py", "true")
    put(user.site, "lib-1.0.egg-info/PKG-INFO", metadata("lib"))
    put(user.site, "lib-1.0.egg-info/installed-files.txt", "../lib/__init__.py\nPKG-INFO\n")
    user.offer("evil", "1.0", files={"evil.py": "", "lib/__init__.py": "false"})
    err = user.refuses("install", "evil")
    assert "installs files that lib installs too, but others: lib/__init__.py\n" in err


# --- what nobody can read


@pytest.fixture(params=PIPS)
def broken(request, make_shell):
    """A user whose environment holds one thing that is in order, and much that is not."""
    shell = make_shell(request.param)
    egg_info(shell.site, needs="")
    put(shell.site, "bad-1.0.dist-info/METADATA", NOT_UTF_8)
    put(shell.site, "old-1.0.egg-info/PKG-INFO", NOT_UTF_8)
    put(shell.site, "none-1.0.dist-info/RECORD", "")
    put(shell.site, "hollow-1.0.dist-info/METADATA/x", "")
    put(shell.site, "folder.egg-link/x", "")
    return shell, request.param


UNREAD = {
    "bad": ("1.0", "bad-1.0.dist-info/METADATA: "),
    "folder": ("unknown", "folder.egg-link: Is a directory"),
    "hollow": ("1.0", "hollow-1.0.dist-info/METADATA: is no file"),
    "none": ("1.0", "none-1.0.dist-info/METADATA: there is no such file"),
    "old": ("1.0", "old-1.0.egg-info/PKG-INFO: not UTF-8 (byte 54)"),
}


def expected(pip):
    return {name: said for name, said in UNREAD.items() if (name, pip) != ("none", "23.2.1")}


def test_an_audit_names_the_file_and_goes_on(broken):
    shell, pip = broken
    shell.policy('[evidence]\non-missing = "deny"\n')
    done = shell.run("audit", "--format", "json")
    packages = {package["name"]: package for package in json.loads(done.out)["packages"] if package["name"] != "pip"}
    assert (done.exit, packages.pop("eggy")["level"]) == (11, "allow")
    assert packages.keys() == expected(pip).keys()
    for name, (version, file) in expected(pip).items():
        (finding,) = packages[name]["findings"]
        assert (packages[name]["version"], finding["rule"], finding["missing"]) == (version, "evidence", True)
        assert (
            f"what it says of itself cannot be read: TMP/env/{shell.site.relative_to(shell.target)}/{file}"
            in (finding["message"])
        )


def test_so_does_why(broken):
    shell, pip = broken
    done = shell.run("why", "eggy")
    assert (done.exit, done.out.splitlines()[:2]) == (0, ["eggy 1.0", "  you → eggy"])
    unread = [line for line in done.out.splitlines() if line.startswith("cannot be read: ")]
    assert len(unread) == len(expected(pip))
    assert all(any(file in line for line in unread) for _, file in expected(pip).values())


def test_so_does_the_doctor(broken):
    shell, _ = broken
    shell.offer("pip", "99")
    done = shell.run("doctor")
    place = f"TMP/env/{shell.site.relative_to(shell.target)}/folder.egg-link"
    assert f"problem  environment   pip cannot list what is installed: {place}: Is a directory\n" in done.out
    assert (done.exit, "distributions in TMP/env" in done.out) == (14, True)


def test_where_pip_cannot_list_it_nothing_is_installed(broken):
    shell, _ = broken
    assert shell.pip("install", "app").exit != 0
    err = shell.refuses("install", "app", code=1)
    assert "ERROR: pip cannot list what is installed: TMP/env/" in err
    assert "way out: repair it or move it away, then try again\n" in err


@pytest.mark.parametrize(("wanted", "ends"), [("23.2.1", 1), ("26.3", 0)])
def test_one_that_is_not_asked_for_is_the_business_of_pip(make_shell, wanted, ends):
    shell = make_shell(wanted)
    put(shell.site, "bad-1.0.dist-info/METADATA", NOT_UTF_8)
    assert (shell.install("app").exit == 0, shell.pip("install", "dep").exit == 0) == (ends == 0, ends == 0)
    done = shell.install("bad")
    assert (done.exit, "bad-1.0.dist-info/METADATA: " in done.err) == (1, True), done


def test_metadata_without_end_is_not_read(make_shell):
    shell = make_shell("26.3")
    huge = put(shell.site, "huge-1.0.dist-info/METADATA", metadata("huge"))
    with huge.open("ab") as file:
        file.truncate(65 << 20)
    done = shell.install("huge")
    assert (done.exit, "huge-1.0.dist-info/METADATA: File too large" in done.err) == (1, True), done
