from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from lib.pins import DEFAULT, artifact_of, pin_of
from lib.wheels import make_sdist, make_wheel
from packaging.pylock import Pylock
from packaging.version import Version

from safeinstall.facts.artifact import Artifact, ArtifactKind, Source, SourceKind
from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.provenance import Attestation, Provenance, Publisher, PublisherKind, Refuted, Unattested
from safeinstall.facts.verdict import Pinned, Verdict
from safeinstall.plan import plan as plan_module
from safeinstall.plan.plan import Plan, VerifiedFile, VerifiedPlan, identity_lines, render, without_credentials

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOO = artifact_of(*make_wheel("foo", "1.0"))
BAR = artifact_of(*make_sdist("bar", "2.0"))
DIRECT = Source(kind=SourceKind.DIRECT, url="https://elsewhere.example/", name="https://elsewhere.example/")


def reference(kind: ArtifactKind, url: str) -> Artifact:
    return Artifact(name="baz", version=Version("3"), filename="baz", url=url, kind=kind, source=DIRECT)


def locked(artifact: Artifact, **fields: object) -> dict[str, object]:
    return tomllib.loads(render(Plan.of([pin_of(artifact, **fields)])))["packages"][0]


def test_the_whole_text():
    foo = replace(
        FOO,
        hashes={"sha512": "cd", "sha256": "ab"},
        size=123,
        upload_time=datetime(2026, 1, 2, 5, 4, 5, 600000, tzinfo=timezone(timedelta(hours=2))),
        requires_python=">=3.9",
    )
    bar = replace(BAR, hashes={"sha256": "ef"}, size=None)
    assert render(Plan.of([pin_of(foo), pin_of(bar, requires_python=">=3.8")])) == (
        'lock-version = "1.0"\n'
        'created-by = "safe-pip"\n'
        "\n"
        "[[packages]]\n"
        'name = "bar"\n'
        'version = "2.0"\n'
        'requires-python = ">=3.8"\n'
        'index = "https://index.example/simple/"\n'
        'sdist = {name = "bar-2.0.tar.gz", url = "https://index.example/files/bar-2.0.tar.gz", '
        'hashes = {sha256 = "ef"}}\n'
        "\n"
        "[[packages]]\n"
        'name = "foo"\n'
        'version = "1.0"\n'
        'requires-python = ">=3.9"\n'
        'index = "https://index.example/simple/"\n'
        'wheels = [{name = "foo-1.0-py3-none-any.whl", upload-time = 2026-01-02T03:04:05.600000Z, '
        'url = "https://index.example/files/foo-1.0-py3-none-any.whl", size = 123, '
        'hashes = {sha256 = "ab", sha512 = "cd"}}]\n'
    )


def test_an_empty_plan_is_a_valid_lock():
    text = render(Plan.of([]))
    assert text == 'lock-version = "1.0"\ncreated-by = "safe-pip"\npackages = []\n'
    Pylock.from_dict(tomllib.loads(text))


def test_the_lock_is_valid_by_the_standard():
    pins = [
        pin_of(replace(FOO, upload_time=datetime(2026, 1, 2, tzinfo=timezone.utc))),
        pin_of(BAR),
        pin_of(replace(reference(ArtifactKind.TREE, "file:///home/me/my%20tree"), name="tree")),
        pin_of(
            replace(reference(ArtifactKind.VCS, f"git+https://me:pw@git.example/a@b/c@{'a' * 40}"), name="repository")
        ),
        pin_of(replace(FOO, name="direct", source=DIRECT)),
    ]
    lock = Pylock.from_dict(tomllib.loads(render(Plan.of(pins))))
    assert [package.name for package in lock.packages] == ["bar", "direct", "foo", "repository", "tree"]


@pytest.mark.parametrize(
    ("kind", "url", "key"),
    [
        (ArtifactKind.TREE, "file:///home/me/tree", "directory"),
        (ArtifactKind.VCS, "git+https://git.example/x", "vcs"),
        (ArtifactKind.SDIST, "https://files.example/x-1.0.tar.gz", "archive"),
    ],
)
def test_a_subdirectory_is_locked(kind, url, key):
    assert locked(replace(reference(kind, url), subdirectory="a/b"))[key]["subdirectory"] == "a/b"


def test_a_tree_is_a_directory():
    tree = reference(ArtifactKind.TREE, "file:///home/me/my%20tree")
    assert locked(tree) == {"name": "baz", "directory": {"path": "/home/me/my tree"}}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            f"git+https://me:pw@git.example/a@b/c@{'a' * 40}",
            {
                "type": "git",
                "url": "https://git.example/a@b/c",
                "requested-revision": "a" * 40,
                "commit-id": "a" * 40,
            },
        ),
        (
            "git+ssh://git@git.example/c.git@main",
            {"type": "git", "url": "ssh://git@git.example/c.git", "requested-revision": "main"},
        ),
        ("hg+https://hg.example/c", {"type": "hg", "url": "https://hg.example/c"}),
    ],
)
def test_a_repository(url, expected):
    assert locked(reference(ArtifactKind.VCS, url)) == {"name": "baz", "vcs": expected}


def test_a_direct_file_is_an_archive():
    direct = replace(FOO, source=DIRECT, hashes={"sha256": "ab"}, size=7)
    assert locked(direct) == {
        "name": "foo",
        "version": "1.0",
        "archive": {
            "url": "https://index.example/files/foo-1.0-py3-none-any.whl",
            "size": 7,
            "hashes": {"sha256": "ab"},
        },
    }


def test_what_an_index_writes_cannot_leave_its_string():
    hostile = replace(
        FOO, filename='a"\n[evil]\\\x7f\x00é', hashes={'x"\n[evil]\nsha256': "ab"}, url="https://index.example/é"
    )
    wheel = locked(hostile)["wheels"][0]
    assert wheel["name"] == hostile.filename
    assert wheel["hashes"] == hostile.hashes
    assert wheel["url"] == hostile.url


def test_credentials_never_reach_the_lock():
    assert "secret" not in render(Plan.of([pin_of(FOO), pin_of(BAR)]))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://u:p@h.example:8/x?y#z", "https://h.example:8/x?y#z"),
        ("https://token@h.example/x", "https://h.example/x"),
        ("ssh://git@h.example/x", "ssh://git@h.example/x"),
        ("https://git:pw@h.example/x", "https://h.example/x"),
        ("file:///a/b@c", "file:///a/b@c"),
    ],
)
def test_without_credentials(url, expected):
    assert without_credentials(url) == expected


def test_the_digest_is_of_the_text_and_not_of_the_order():
    one, other = Plan.of([pin_of(FOO), pin_of(BAR)]), Plan.of([pin_of(BAR), pin_of(FOO)])
    assert one == other
    assert one.digest == other.digest
    assert one.digest != Plan.of([pin_of(FOO)]).digest
    assert one.digest == hashlib.sha256(render(one).encode()).hexdigest()


def test_the_files_are_wheels_and_source_distributions():
    tree = pin_of(replace(reference(ArtifactKind.TREE, "file:///t"), name="tree"))
    plan = Plan.of([tree, pin_of(FOO), pin_of(BAR)])
    assert [pin.artifact.name for pin in plan.files] == ["bar", "foo"]
    assert plan.names == ("bar", "foo", "tree")


def test_two_files_for_one_project_are_refused():
    with pytest.raises(ValueError) as caught:
        Plan.of([pin_of(FOO), pin_of(replace(FOO, url="https://other.example/"))])
    assert str(caught.value) == "a plan holds one file for each project, not 2 for foo"


def test_a_denied_file_is_no_pin():
    finding = Finding(rule="denylist", level=Level.DENY, message="no", key="rules.denylist")
    allowed = pin_of(FOO)
    with pytest.raises(ValueError) as caught:
        replace(allowed, verdict=Verdict(artifact=FOO, findings=(finding,)))
    assert str(caught.value) == Pinned.MESSAGE


def verified_file(artifact: Artifact) -> VerifiedFile:
    return VerifiedFile(pin=pin_of(artifact), path=f"/stage/{artifact.filename}", sha256="0" * 64, size=9)


def test_only_the_seal_makes_a_verified_plan():
    file = verified_file(FOO)
    with pytest.raises(TypeError) as caught:
        VerifiedPlan(Plan.of([file.pin]), (file,), object())
    assert str(caught.value) == "a VerifiedPlan comes from sources.fetch only"


def test_a_verified_plan_cannot_be_altered_by_replace():
    file = verified_file(FOO)
    verified = VerifiedPlan(Plan.of([file.pin]), (file,), plan_module._SEAL)
    with pytest.raises((TypeError, ValueError)):
        replace(verified, files=())


def test_the_verified_files_are_those_of_the_plan():
    file = verified_file(FOO)
    with pytest.raises(ValueError) as caught:
        VerifiedPlan(Plan.of([file.pin]), (file, verified_file(BAR)), plan_module._SEAL)
    assert str(caught.value) == "the verified files are not those of the plan"


def test_measured_facts_fill_what_the_index_left_out():
    file = verified_file(replace(FOO, hashes={"md5": "ab"}, size=None))
    tree = pin_of(replace(reference(ArtifactKind.TREE, "file:///t"), name="tree"))
    measured = VerifiedPlan(Plan.of([file.pin, tree]), (file,), plan_module._SEAL).measured
    assert [(p.artifact.name, dict(p.artifact.hashes), p.artifact.size) for p in measured.pins] == [
        ("foo", {"md5": "ab", "sha256": "0" * 64}, 9),
        ("tree", {}, None),
    ]


def test_nobody_but_fetch_takes_the_seal():
    package = Path(plan_module.__file__).parents[1]
    holders = {path.relative_to(package).as_posix() for path in package.rglob("*.py") if "_SEAL" in path.read_text()}
    assert holders == {"plan/plan.py", "plan/verified.py", "sources/files/fetch.py"}


def test_nobody_but_whoever_knows_the_user_s_hashes_makes_a_held_artifact():
    package = Path(plan_module.__file__).parents[1]
    makers = {p.relative_to(package).as_posix() for p in package.rglob("*.py") if "HeldArtifact(" in p.read_text()}
    assert makers == {"resolve/user_hashes.py"}


def test_the_source_of_the_default_index_is_shown_without_its_password():
    assert "secret" in DEFAULT.url
    assert DEFAULT.display == "default"


def test_importing_the_plan_opens_no_door():
    code = "import sys, safeinstall.plan.plan; print(sorted({'socket', 'ssl', 'tempfile', 'httpx'} & {*sys.modules}))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output == "[]\n"


def attested(provenance):
    pin = pin_of(FOO)
    pin = replace(pin, verdict=replace(pin.verdict, provenance=provenance))
    return identity_lines(VerifiedFile(pin=pin, path="/stage/foo", sha256="ab", size=1))


def test_who_attested_a_file_is_written_down_where_that_is_proved():
    github = Publisher(kind=PublisherKind.GITHUB, repository='acme/"app"', workflow="release.yml", environment="pypi")
    google = Publisher(kind=PublisherKind.GOOGLE, repository="builder@acme.example")
    statements = tuple(Attestation(publisher=one, predicate_type="x") for one in (github, github, google))
    assert attested(Provenance(attestations=statements, verified=True)) == (
        "[[packages.attestation-identities]]\n"
        'kind = "GitHub"\n'
        'repository = "acme/\\"app\\""\n'
        'workflow = "release.yml"\n'
        'environment = "pypi"\n'
        "\n"
        "[[packages.attestation-identities]]\n"
        'kind = "Google"\n'
        'email = "builder@acme.example"\n'
        "\n"
    )
    for fact in (Provenance(attestations=statements, verified=False), Unattested(), Refuted(reason="no")):
        assert attested(fact) == ""
