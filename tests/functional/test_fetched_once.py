"""A file is asked for once in a run, whichever way it is named: its address may be good for one answer alone."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from itertools import product

import pytest
from lib.index import Reply
from lib.wheels import make_sdist, make_wheel

SLOW = pytest.mark.slow
WHEEL, BUILT, STATIC = (
    make_wheel("app", "1.0"),
    make_sdist("app", "1.0", metadata_version="2.2", dynamic=["Requires-Dist"]),
    make_sdist("app", "1.0", metadata_version="2.2"),
)
LIB = make_wheel("lib", "1.0", ["app"])
LOCK = """lock-version = "1.0"
created-by = "a test"
[[packages]]
name = "app"
version = "1.0"
"""
POLICY = '[rules.sdists]\nallow = ["app"]\n'
REQUIREMENTS = {
    "index": "app",
    "index, and a hash": "app==1.0 --hash={sha256}",
    "index, and a hash of a kind that it does not publish": "app==1.0 --hash={sha512}",
    "page of find-links": "--no-index\n--find-links {root}/page.html\napp",
    "page of find-links with hashes": "--no-index\n--find-links {root}/hashed.html\napp",
    "find-links": "--no-index\n--find-links {url}\napp",
    "address": "{url}",
    "address with a name": "app @ {url}",
    "address with a hash": "{url}#{fragment}",
    "address twice": "{url}\napp @ {url}\nlib",
    "constraint": "lib\n-c c.txt",
    "constraint with a hash": "app\n-c hashed.txt",
}
COMMANDS = {
    "install": "install -r r.txt",
    "--dry-run": "install --dry-run -r r.txt",
    "download": "download -r r.txt",
    "wheel": "wheel -r r.txt",
    "lock": "lock -r r.txt",
    "audit": "audit -r r.txt",
    "why": "why app -r r.txt",
}


@pytest.fixture(params=["26.3", pytest.param("23.2.1", marks=SLOW)])
def user(request, shell_of):
    user = shell_of(request.param)
    user.policy(POLICY)
    return user


def offer(user, file, *, hashes=None):
    """Put *file* on the index: whoever asks for it twice is refused. Return what texts may name."""
    filename, data = file
    index, sha256 = user.index, hashlib.sha256(data).hexdigest()
    index.add(filename, data, metadata=False, hashes=hashes)
    index.add(*LIB)
    index.reply(index.file_path(filename), None, Reply(status=HTTPStatus.FORBIDDEN))
    url = index.file_url(filename)
    for name, link in (("page", url), ("hashed", f"{url}#sha256={sha256}")):
        page = f'<a href="{link}">{filename}</a>'.encode()
        index.reply(f"/{name}.html", Reply(status=200, body=page, headers={"Content-Type": "text/html"}))
    user.write("c.txt", f"app @ {url}\n")
    user.write("hashed.txt", f"app @ {url}#sha256={sha256}\n")
    return {
        "root": index.root,
        "url": url,
        "sha256": f"sha256:{sha256}",
        "sha512": f"sha512:{hashlib.sha512(data).hexdigest()}",
        "fragment": f"sha256={sha256}",
    }


def times_asked(user, file):
    return user.index.paths().count(user.index.file_path(file[0]))


IN_GATE = (
    "index",
    "index, and a hash of a kind that it does not publish",
    "page of find-links",
    "address",
    "constraint",
)


def combinations():
    """Some ways with one command, each command with one way, in every gate; each way of each file by tests/check-slow."""
    files = (("wheel", WHEEL), ("built", BUILT), ("static", STATIC))
    for (place, way), (turn, command), (name, file) in product(enumerate(REQUIREMENTS), enumerate(COMMANDS), files):
        is_first = (name, command) == ("wheel", "install") and way in IN_GATE
        is_first = is_first or (way, name) == ("index", "built")
        is_next = command == "install" or turn == place % len(COMMANDS)
        marks = () if is_first else SLOW if is_next else pytest.mark.exhaustive
        yield pytest.param(way, command, file, id=f"{way}, {command}, {name}", marks=marks)


@pytest.mark.parametrize(("way", "command", "file"), list(combinations()))
def test_an_address_that_answers_once(request, user, way, command, file):
    if command == "lock" and request.node.callspec.params["user"] != "26.3":
        pytest.skip("this pip knows no lock")
    user.write("r.txt", REQUIREMENTS[way].format(**offer(user, file, hashes={})) + "\n")
    done = user.run(*COMMANDS[command].split())
    assert done.exit == 0, done
    assert times_asked(user, file) == 1


@pytest.mark.parametrize(
    "file", [WHEEL, pytest.param(BUILT, marks=SLOW), pytest.param(STATIC, marks=SLOW)], ids=["wheel", "built", "static"]
)
@pytest.mark.parametrize("key", ["wheels", "archive"])
def test_an_address_of_a_lock_that_answers_once(user, key, file):
    said = offer(user, file)
    entry = f'{{ url = "{said["url"]}", hashes = {{ sha256 = "{said["sha256"].partition(":")[2]}" }} }}'
    if key == "wheels" and file is not WHEEL:
        key = "sdist"
    user.write("pylock.toml", f"{LOCK}{key} = {f'[{entry}]' if key == 'wheels' else entry}\n")
    done = user.install("-r", "pylock.toml")
    assert (done.exit, user.installed()) == (0, {"app": "1.0"}), done
    assert times_asked(user, file) == 1


@pytest.mark.parametrize(
    ("file", "options"),
    [
        (BUILT, ()),
        pytest.param(STATIC, (), marks=SLOW),
        pytest.param(BUILT, ("--dry-run",), marks=SLOW),
        pytest.param(STATIC, ("--dry-run", "--report", "report.json"), marks=SLOW),
    ],
)
def test_an_address_that_does_not_tell_the_name(user, file, options):
    user.policy("")
    url = f"{user.index.root}/main.tar.gz"
    user.index.reply("/main.tar.gz", Reply(status=200, body=file[1]), Reply(status=HTTPStatus.FORBIDDEN))
    done = user.install(*options, url)
    assert done.exit == 0, done
    assert user.index.paths() == ["/main.tar.gz"]


@pytest.mark.parametrize("user", ["26.3"], indirect=True)
def test_what_came_for_another_name_is_measured_again(user):
    """Only with the name it is known which hash the user gives for it."""
    user.policy("")
    wrong = "ab" * 32
    user.index.reply("/main.tar.gz", Reply(status=200, body=STATIC[1]), Reply(status=HTTPStatus.FORBIDDEN))
    user.write("c.txt", f"app==1.0 --hash=sha256:{wrong}\n")
    err = user.refuses("install", "--no-require-hashes", "-c", "c.txt", f"{user.index.root}/main.tar.gz")
    assert f"you ask for sha256:{wrong}" in err
    assert user.index.paths() == ["/main.tar.gz"]


def test_an_index_hears_nothing_of_a_project_whose_file_is_named(user):
    said = offer(user, WHEEL)
    user.write("r.txt", REQUIREMENTS["constraint"] + "\n")
    assert user.install("-r", "r.txt").exit == 0
    assert user.index.page_path("app") not in user.index.paths()
    user.index.reply(user.index.file_path(WHEEL[0]), None)
    assert user.install("--force-reinstall", "lib", said["url"]).exit == 0
    assert user.index.page_path("app") not in user.index.paths()


def test_an_address_of_an_html_page_without_ranges(user):
    """The page tells no size: a part is asked for, and the whole comes."""
    user.index.html, user.index.ranges = True, False
    offer(user, WHEEL)
    assert user.install("app").exit == 0
    assert times_asked(user, WHEEL) == 1
