"""Rules that need the listing, the metadata and the contents, each heard in its turn, with real pip and a real index."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from lib.gate import parametrize
from lib.index import LocalIndex
from lib.wheels import make_wheel

MIT = '[rules.licenses]\nallow = ["MIT"]\n'
CONTENTS = "[rules.contents]\n"
HOOK = {"app.py": "", "app.pth": "import app\n"}


def license_of(shell, name, version, expression, requires=()):
    extra = f"License-Expression: {expression}\n" if expression else ""
    shell.index.add(*make_wheel(name, version, requires, metadata_extra=extra))


def test_another_licence_is_passed_over_before_its_file_is_fetched(shell):
    shell.policy(MIT)
    license_of(shell, "app", "1.0", "MIT")
    license_of(shell, "app", "2.0", "MIT AND GPL-3.0-only")
    done = shell.install("app")
    assert (done.exit, shell.installed()) == (0, {"app": "1.0"})
    assert (
        done.err
        == """\
safe-pip: app 1.0 instead of 2.0: licenses: licensed under "MIT AND GPL-3.0-only"; the policy does not allow GPL-3.0-only; way out: use another package, or, if the licence is acceptable, add it to allow in [rules.licenses]
"""
    )
    assert "/files/app-2.0-py3-none-any.whl" not in shell.index.paths()


def test_a_licence_that_no_version_has(shell):
    shell.policy(MIT)
    license_of(shell, "app", "1.0", "MIT", ["lib"])
    license_of(shell, "lib", "1.0", "GPL-3.0-only")
    assert (
        shell.refuses("install", "app")
        == """\
safe-pip: refused lib 1.0 (lib-1.0-py3-none-any.whl) from INDEX/simple/
  licenses          licensed under "GPL-3.0-only"; the policy does not allow GPL-3.0-only
                    policy: policy.toml:3 (rules.licenses.allow)
  required by       app → lib
  newest allowed    no file of lib passes this policy
  way out           use another package, or, if the licence is acceptable, add it to allow in [rules.licenses]
safe-pip: denied by policy policy.toml; nothing was installed
"""
    )


def test_a_licence_that_is_not_stated_is_a_missing_fact(shell):
    shell.policy(MIT)
    license_of(shell, "app", "1.0", None)
    assert "its metadata names no licence that SPDX knows" in shell.refuses("install", "app", code=11)


def test_a_hook_refuses_the_run_before_pip_goes_on(shell):
    shell.policy(CONTENTS)
    shell.offer("lib", "1.0")
    shell.offer("app", "1.0", ["lib"], files=HOOK)
    assert (
        shell.refuses("install", "app")
        == """\
safe-pip: refused app 1.0 (app-1.0-py3-none-any.whl) from INDEX/simple/
  contents          runs code whenever Python starts: app.pth: import app
                    policy: policy.toml:2 (rules.contents)
  required by       app (you)
  newest allowed    no file of app passes this policy
  way out           find out what it is for, then add { package = "app==1.0", lines = ["import app"], reason = "…" } to exempt in [rules.contents]
safe-pip: denied by policy policy.toml; nothing was installed
""".replace("(rules.contents)", "(rules.contents.startup)")
    )
    (receipt,) = shell.receipts()
    assert [found["rule"] for denied in receipt["denied"] for found in denied["findings"]] == ["contents"]


def test_a_known_hook_may_stay_and_a_warning_is_told(shell):
    shell.offer("app", "1.0", files=HOOK)
    shell.policy(f'{CONTENTS}startup = "warn"\n')
    done = shell.install("app")
    assert (done.exit, shell.installed()) == (0, {"app": "1.0"})
    assert done.err == "safe-pip: warned: app 1.0: contents: runs code whenever Python starts: app.pth: import app\n"
    (receipt,) = shell.receipts()
    assert [found["level"] for file in receipt["files"] for found in file["findings"]] == ["warn"]
    shell.policy(f'{CONTENTS}exempt = ["app"]\n')
    assert shell.install("--force-reinstall", "app").err == ""


def test_an_exemption_of_lines_lets_these_pass_and_no_others(shell):
    """What a refusal says to add; a preset that is extended keeps its own entries."""
    entry = '{ package = "app==1.0", lines = ["import app"], reason = "ours" }'
    shell.policy(f'extends = "baseline"\n{CONTENTS}exempt = [{entry}]\n')
    coverage = "import sys; exec('import os')\n"
    shell.offer("app", "1.0", files=HOOK)
    shell.offer("coverage", "1.0", files={"coverage.py": "", "a1_coverage.pth": coverage})
    assert shell.install("app").exit == 0
    assert f"runs code whenever Python starts: a1_coverage.pth: {coverage}" in shell.refuses("install", "coverage")
    assert shell.installed() == {"app": "1.0"}
    shown = shell.run("policy", "show").out
    assert f"{entry[:-2]} }}]" in shown
    assert 'package = "coverage", lines = [' in shown


def test_a_hook_in_a_directory_that_another_wheel_adds(shell):
    """Neither of the two says anything by itself."""
    shell.policy(CONTENTS)
    shell.offer("app", "1.0", ["lib"], files={"shared/app.py": "", "app.pth": "shared\n"})
    shell.offer("lib", "1.0", files={"shared/sitecustomize.py": "print('evil')"})
    said = shell.refuses("install", "app")
    assert "contents          runs code whenever Python starts: shared/sitecustomize.py\n" in said
    assert said.startswith("safe-pip: refused lib 1.0 ")
    assert shell.install("lib").exit == 0


NAMESPACE = (
    "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('family',));"
    "importlib = __import__('importlib.util');__import__('importlib.machinery');"
    "m = sys.modules.setdefault('family', importlib.util.module_from_spec("
    "importlib.machinery.PathFinder.find_spec('family', [os.path.dirname(p)])));"
    "m = m or sys.modules.setdefault('family', types.ModuleType('family'));"
    "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)\n"
)


def test_a_compiled_module_under_a_namespace_that_another_wheel_declares(shell):
    """It is loaded, and so runs, when Python starts: neither of the two says anything by itself."""
    shell.policy(CONTENTS)
    shell.offer("app", "1.0", ["lib"], files={"family/app.py": "", "app-nspkg.pth": NAMESPACE})
    shell.offer("lib", "1.0", files={"family.abi3.so": "", "family/lib.py": ""})
    shell.offer("other", "1.0", files={"family/other.abi3.so": ""})
    said = shell.refuses("install", "app")
    assert "contents          runs code whenever Python starts: family.abi3.so\n" in said
    assert said.startswith("safe-pip: refused lib 1.0 ")
    assert shell.install("lib").exit == 0
    shell.pip("uninstall", "-y", "lib")
    assert shell.install("--no-deps", "app", "other").exit == 0


def test_an_exception_covers_what_is_inside(shell):
    shell.offer("app", "1.0", files=HOOK)
    shell.policy(
        f'{CONTENTS}[[exceptions]]\npackage = "app==1.0"\nrules = ["contents"]\nreason = "ours"\nexpires = 2999-01-31\n'
    )
    done = shell.install("app")
    assert (done.exit, shell.installed()) == (0, {"app": "1.0"})
    assert done.err.startswith("safe-pip: allowed by an exception: app 1.0: contents: ")


@parametrize(
    ("files", "found"),
    [
        (
            {"app/hidden/sitecustomize.py": "print('evil')", "app.pth": "app/hidden\n"},
            "runs code whenever Python starts: app/hidden/sitecustomize.py",
        ),
        ({"app.py": "", "app.pth": "/elsewhere\n"}, "runs code whenever Python starts: app.pth: /elsewhere"),
        (
            {"app.py": "", "app-1.0.data/scripts/python._pth": "import site\n"},
            "runs code whenever Python starts: python._pth",
        ),
        (
            {"app.py": "", "app-1.0.data/data/app.pth": "import app\n"},
            "runs code whenever Python starts: app.pth: import app",
        ),
        ({"app.py": "", "pip.abi3.so": ""}, "installs files of pip: pip.abi3.so"),
    ],
    gate=(0, 3),
)
def test_a_hook_that_goes_a_longer_way(shell, files, found):
    shell.policy(CONTENTS)
    shell.offer("app", "1.0", files=files)
    assert f"contents          {found}\n" in shell.refuses("install", "--target", "lib", "app")
    assert f"contents          {found}\n" in shell.refuses("install", "app")


def test_a_project_cannot_take_a_trusted_command_by_its_name(shell):
    shell.policy(CONTENTS)
    commands = "[console_scripts]\npip3 = stealth:main\n"
    shell.index.add(*make_wheel("pip3", "1.0", files={"stealth.py": ""}, entry_points=commands))
    shell.offer("app", "1.0", ["pip3"])
    err = shell.refuses("install", "app")
    assert "contents          installs commands that are called like trusted ones: pip3\n" in err


def test_a_link_to_metadata_of_another_package(shell):
    shell.policy(CONTENTS)
    shell.offer("app", "1.0", files={"requests.egg-link": "hidden\n.\n"})
    err = shell.refuses("install", "app")
    assert "must hold one .dist-info directory, but holds 'app-1.0.dist-info', 'requests.egg-link'" in err


def test_the_way_out_of_a_hook_is_another_version(shell):
    shell.policy(CONTENTS)
    shell.offer("app", "0.9")
    shell.offer("app", "1.0", files=HOOK)
    err = shell.refuses("install", "app")
    assert "newest allowed    app 0.9 (app-0.9-py3-none-any.whl)\n" in err
    assert shell.install("app<1").exit == 0


def test_one_package_cannot_replace_the_files_of_another(shell):
    shell.policy(CONTENTS)
    shell.offer("lib", "1.0", files={"lib/__init__.py": "true"})
    shell.offer("app", "1.0", ["lib"], files={"app/__init__.py": "", "lib/__init__.py": "false"})
    err = shell.refuses("install", "app")
    assert "contents          installs files that lib installs too, but others: lib/__init__.py\n" in err
    assert err.count("refused") == 1


def test_nor_those_of_a_package_that_is_installed(shell):
    shell.policy(CONTENTS)
    shell.offer("lib", "1.0", files={"lib/__init__.py": "true", "lib/same.py": "same"})
    assert shell.install("lib").exit == 0
    shell.offer("app", "1.0", files={"app/__init__.py": "", "lib/__init__.py": "false", "lib/same.py": "same"})
    err = shell.refuses("install", "app")
    assert "contents          installs files that lib installs too, but others: lib/__init__.py\n" in err
    shell.offer("lib", "2.0", files={"lib/__init__.py": "false", "lib/same.py": "other"})
    assert shell.install("--upgrade", "lib").exit == 0
    assert shell.installed() == {"lib": "2.0"}


def test_a_dry_run_fetches_nothing_to_look_into(shell):
    shell.policy(CONTENTS)
    shell.offer("app", "1.0", files=HOOK)
    done = shell.install("--dry-run", "app")
    assert (done.exit, done.err) == (0, "")
    assert "/files/app-1.0-py3-none-any.whl" not in shell.index.paths()


@pytest.fixture
def mirrored(shell):
    """Two indexes without a word on which of them is meant."""
    with LocalIndex() as other:
        shell.environ["PIP_EXTRA_INDEX_URL"] = other.url
        yield other


def test_a_name_of_two_indexes_is_refused_until_it_is_bound(shell, mirrored):
    shell.policy("[rules.indexes]\n")
    shell.offer("app", "1.0")
    mirrored.add(*make_wheel("app", "99.0"))
    err = shell.refuses("install", "app").replace(mirrored.root, "OTHER")
    assert (
        "indexes           OTHER/simple/ offers app, and so does INDEX/simple/, with other files; nothing says which is"
        " meant\n" in err
    )
    shell.policy(
        f'[rules.indexes]\n[[indexes]]\nname = "own"\nurl = "{shell.index.url}"\npackages = ["app"]\n'
        f'[[indexes]]\nname = "other"\nurl = "{mirrored.url}"\n'
    )
    assert shell.install("app").exit == 0
    assert shell.installed() == {"app": "1.0"}


def test_a_mirror_is_no_rival(shell, mirrored):
    shell.policy("[rules.indexes]\n")
    file = shell.offer("app", "1.0")
    mirrored.add(file.filename, file.data)
    done = shell.install("app")
    assert (done.exit, done.err, shell.installed()) == (0, "", {"app": "1.0"})


def test_a_young_project_with_almost_the_name_of_another(shell):
    shell.policy("[rules.typosquats]\n")
    shell.offer("reqeusts", "1.0", upload_time=datetime.now(timezone.utc) - timedelta(days=5, hours=1))
    err = shell.refuses("install", "reqeusts")
    assert (
        "typosquats        its name is requests (rank 6 of the most popular) but for two characters swapped, and the"
        " project is 5 days old\n" in err
    )
    assert "way out           ask for requests; if reqeusts is meant, add" in err


def test_a_project_in_quarantine(shell):
    shell.policy("[rules.project-status]\n")
    shell.offer("app", "1.0")
    shell.index.status["app"] = "quarantined"
    assert "project-status    INDEX/simple/ has quarantined app: it may be compromised\n" in shell.refuses(
        "install", "app"
    )
