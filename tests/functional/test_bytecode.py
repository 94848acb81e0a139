"""Modules are compiled before pip comes to them, and kept; what others have written is never taken for code."""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import json
import marshal
import os
import subprocess
import time
from importlib.util import MAGIC_NUMBER

import pytest
from lib.shell import copy_environment
from lib.targets import SITE_PACKAGES
from lib.wheels import make_wheel

PLACEHOLDER = "<safe-pip a8c1f1d7>"
HEAD = 130
MODULES = {
    "app/__init__.py": "VALUE = 'genuine'\n",
    "app/more.py": "def f():\n    return lambda: 1\n",
    "app/python2.py": "print 'x'\n",
}
WATCH = """\
import compileall
def watched(path, *args, compile=compileall.compile_file, **kwargs):
    with open({log!r}, "a") as log:
        log.write(path.rpartition("/")[2] + "\\n")
    return compile(path, *args, **kwargs)
compileall.compile_file = watched
"""


@pytest.fixture
def user(shell):
    """A user in whose environment it is written down which modules pip compiles itself."""
    shell.policy("")
    shell.index.add(*make_wheel("app", "1.0", files=MODULES))
    watch(shell, shell.target)
    return shell


def watch(user, target):
    (site,) = target.glob("lib/*/site-packages")
    (site / "watch.py").write_text(WATCH.format(log=str(user.tmp / "compiled")))
    (site / "watch.pth").write_text("import watch\n")


def compiled_by_pip(user):
    log = user.tmp / "compiled"
    found = log.read_text().split() if log.exists() else []
    log.unlink(missing_ok=True)
    return found


def again(user, *words, **how):
    """Install *words* anew, and return which modules pip has compiled itself."""
    user.pip("uninstall", "-y", "app", "other")
    compiled_by_pip(user)
    done = user.install(*words, **how)
    assert done.exit == 0, done
    return compiled_by_pip(user)


def value(user):
    """What the installed module says, which its compiled form decides."""
    python = str(user.target / "bin" / "python")
    code = "import app, sys; sys.stdout.write(app.VALUE)"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, cwd="/").stdout


def kept(user):
    return sorted(path for path in (user.tmp / "cache" / "bytecode").glob("*/*/*") if path.is_file())


def sealed(user, path, body, secret=None):
    """What is kept at *path*, with *body*, as somebody would write it who has the *secret*."""
    key = (user.home / ".local/state/safe-pip/journals.key").read_bytes() if secret is None else secret
    digest = hashlib.sha256(body).hexdigest()
    terms = {"bytecode": digest, "wheel": path.parent.name + path.name, "interpreter": path.parents[1].name}
    text = json.dumps([os.path.realpath(path), terms], sort_keys=True)
    return f"{hmac.digest(key, text.encode(), 'sha256').hex()} {digest}\n".encode() + body


def other_code():
    """A compiled form of ``app/__init__.py`` that is not of it."""
    code = marshal.dumps(compile("VALUE = 'forged'\n", PLACEHOLDER, "exec"))
    at, size = code.index(PLACEHOLDER.encode()), len(MODULES["app/__init__.py"])
    return json.dumps({"app/__init__.py": [len(code), at, size]}).encode() + b"\n" + code


def test_pip_compiles_only_what_cannot_be_compiled(user):
    assert again(user, "app") == ["python2.py"]
    assert again(user, "app") == ["python2.py"]
    assert value(user) == "genuine"


@pytest.mark.slow
def test_without_a_cache_they_are_compiled_ahead_all_the_same(user):
    assert again(user, "--no-cache-dir", "app") == ["python2.py"]
    assert kept(user) == []


def test_of_what_is_kept_each_module_is_written(user):
    again(user, "app")
    (path,) = kept(user)
    path.write_bytes(sealed(user, path, other_code()))
    assert again(user, "app") == ["more.py", "python2.py"]
    assert value(user) == "forged"  # whoever has the secret is this user


@pytest.fixture
def taken(user):
    """Install with what is kept; return what the module says, and what is there afterwards, as it was before or not."""

    def take():
        (path,) = kept(user)
        before = path.read_bytes()
        again(user, "app")
        return value(user), kept(user) == [path] and path.read_bytes() == before

    return take


def changed(data):
    return data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]


def write_for_all(user, path):
    path.write_bytes(sealed(user, path, other_code()))
    path.chmod(0o666)


def link(user, path):
    elsewhere = user.tmp / "elsewhere"
    elsewhere.write_bytes(sealed(user, path, other_code()))
    path.unlink()
    path.symlink_to(elsewhere)


DAMAGES = {
    "a changed byte": lambda user, path: path.write_bytes(changed(path.read_bytes())),
    "its end is missing": lambda user, path: path.write_bytes(path.read_bytes()[:-1]),
    "its begin alone": lambda user, path: path.write_bytes(path.read_bytes()[:HEAD]),
    "a checksum alone": lambda user, path: path.write_bytes(sealed(user, path, other_code(), b"")),
    "another secret": lambda user, path: path.write_bytes(sealed(user, path, other_code(), bytes(32))),
    "of another place": lambda user, path: path.write_bytes(sealed(user, path.with_name("0"), other_code())),
    "a seal, and another body": lambda user, path: path.write_bytes(path.read_bytes()[:HEAD] + other_code()),
    "others can write it": write_for_all,
    "a link": link,
}
SLOW = {*DAMAGES} - {"a changed byte", "another secret"}


@pytest.mark.parametrize("damage", [pytest.param(d, marks=pytest.mark.slow if d in SLOW else ()) for d in DAMAGES])
def test_what_is_not_ours_is_never_run_and_does_not_stay(user, taken, damage):
    again(user, "app")
    (path,) = kept(user)
    DAMAGES[damage](user, path)
    assert taken() == ("genuine", False)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_another_user_has_written_is_never_run(user, taken):
    again(user, "app")
    (path,) = kept(user)
    path.write_bytes(sealed(user, path, other_code()))
    os.chown(path, 65534, 65534)
    assert taken() == ("genuine", False)


def test_what_is_exchanged_is_never_run(user, taken):
    user.index.add(
        *make_wheel("other", "1.0", files={"other.py": "X = 1\n", "app/__init__.py": "VALUE = 'exchanged'\n"})
    )
    again(user, "app")
    (path,) = kept(user)
    again(user, "other")
    (of_other,) = {*kept(user)} - {path}
    of_other.rename(path)
    assert taken() == ("genuine", False)


def test_code_is_of_what_lies_in_the_place_of_its_module_in_the_end(user):
    (site,) = user.target.glob("lib/*/site-packages")
    if not (user.target / "lib64").exists():
        (user.target / "lib64").symlink_to("lib")  # as Python's own environments have it
    member = f"app-2.0.data/data/lib64/{site.parent.name}/site-packages/app/__init__.py"
    files = {"app/__init__.py": "VALUE = 'forged'\n\n", member: "VALUE = 'genuine'\n"}
    user.index.add(*make_wheel("app", "2.0", files=files))
    for _ in range(2):
        again(user, "app==2.0")
        assert ((site / "app/__init__.py").read_text(), value(user)) == (files[member], "genuine")


FORGED = importlib.util.cache_from_source("app/__init__.py")
ELSEWHERE = "app-1.0.data/{}/" + FORGED


@pytest.mark.parametrize(
    ("member", "size"),
    [
        (ELSEWHERE.format("purelib"), 0),
        pytest.param(ELSEWHERE.format(f"data/{SITE_PACKAGES}"), 0, marks=pytest.mark.slow),
        pytest.param(FORGED, 5 << 20, marks=pytest.mark.slow),  # more than is unpacked at once
    ],
)  # fmt: skip
def test_what_a_wheel_brings_along_in_the_place_of_compiled_code_is_never_run(user, member, size):
    source = MODULES["app/__init__.py"].encode()
    header = MAGIC_NUMBER + bytes(4) + int(time.time()).to_bytes(4, "little") + len(source).to_bytes(4, "little")
    forged = header + marshal.dumps(compile("VALUE = 'forged'\n", "app.py", "exec"))
    user.index.add(*make_wheel("app", "1.1", files={"app/__init__.py": source, member: forged + os.urandom(size)}))
    for _ in range(2):  # what is kept is ready at once
        again(user, "app")
    pyc = (user.site / FORGED).read_bytes()
    status = (user.site / "app/__init__.py").stat()
    assert pyc[8:16] == int(status.st_mtime).to_bytes(4, "little") + status.st_size.to_bytes(4, "little")
    assert marshal.loads(pyc[16:]).co_consts == compile(source, "app.py", "exec").co_consts


@pytest.mark.slow
def test_a_python_that_is_started_with_options_of_its_own_compiles_itself(user):
    python = user.tmp / "python"
    python.write_text(f'#!/bin/sh\nexec {user.target}/bin/python -O "$@"\n')
    python.chmod(0o755)
    compiled_by_pip(user)
    done = user.run("--python", python, "install", "app")
    assert (done.exit, compiled_by_pip(user)) == (0, ["__init__.py", "more.py", "python2.py"]), done
    assert kept(user) == []


def test_of_what_is_denied_nothing_is_kept(user):
    user.policy("[rules.contents]\n")
    user.index.add(*make_wheel("other", "1.0", ["app"], files={"other.py": "X = 1\n", "other.pth": "import other\n"}))
    done = user.install("other")
    assert (done.exit, user.installed(), kept(user)) == (10, {}, []), done


def test_a_module_that_takes_for_ever_to_compile_does_not_hold_up_a_denial(user):
    nested = "".join(f"{' ' * depth}try:\n{' ' * depth} pass\n{' ' * depth}finally:\n" for depth in range(60))
    endless = f"{nested}{' ' * 60}pass\n"
    user.policy("[rules.contents]\n")
    user.index.add(*make_wheel("other", "1.0", files={"other.py": endless, "other.pth": "import other\n"}))
    done = user.install("other")
    assert (done.exit, user.installed()) == (10, {}), done


def test_without_a_place_for_a_secret_nothing_is_kept(user):
    assert again(user, "app", env={"HOME": "/dev/null"}) == ["python2.py"]
    assert kept(user) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "ours"), [(0o777, ["__init__.py", "more.py", "python2.py"]), (0o1777, ["python2.py"])]
)
def test_where_others_could_exchange_what_is_compiled_pip_compiles(user, mode, ours):
    (user.tmp / "shared").mkdir()
    (user.tmp / "shared").chmod(mode)
    assert again(user, "app", env={"TMPDIR": str(user.tmp / "shared")}) == ours


@pytest.mark.slow
def test_a_cache_that_others_can_write_is_not_used(user):
    again(user, "app")
    (path,) = kept(user)
    path.write_bytes(sealed(user, path, other_code()))
    (user.tmp / "cache").chmod(0o777)
    assert again(user, "app") == ["python2.py"]
    assert value(user) == "genuine"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["--no-compile", "--dry-run"])
def test_where_pip_compiles_nothing_neither_do_we(user, way):
    assert again(user, way, "app") == []
    assert kept(user) == []


@pytest.mark.slow
def test_each_way_to_compile_has_its_own(user):
    for env in ({}, {"PYTHONOPTIMIZE": "1"}, {"PYTHONHASHSEED": "0"}):
        assert again(user, "app", env=env) == ["python2.py"]
    assert len(kept(user)) == 3


@pytest.mark.slow
def test_eight_installs_at_once_fill_one_cache(user, template):
    for number in range(6):
        user.index.add(*make_wheel(f"p{number}", "1.0", files={f"p{number}/m{n}.py": f"X = {n}\n" for n in range(60)}))
    names, targets = [f"p{number}" for number in range(6)], [user.tmp / f"env{number}" for number in range(8)]
    for target in targets:
        copy_environment(template, target)
    runs = [user.start("install", *names, env={"VIRTUAL_ENV": str(target)}) for target in targets]
    assert [run.wait(timeout=120) for run in runs] == [0] * 8
    assert len(kept(user)) == 6
    for target in targets:
        code = f"import {', '.join(names)}"
        subprocess.run([target / "bin" / "python", "-c", code], check=True, cwd="/")
    watch(user, user.target)
    assert again(user, *names) == []
    assert not list((user.tmp / "cache" / "bytecode").rglob(".*"))
