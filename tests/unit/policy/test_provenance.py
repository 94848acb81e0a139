"""What a policy says of provenance: whom it binds, and by what is verified."""

from __future__ import annotations

import pytest

from safeinstall.errors import PolicyError
from safeinstall.policy.load import parse_policy, read_layer
from safeinstall.policy.merge import PolicyText
from safeinstall.policy.render import render_policy


def load(text):
    return parse_policy(text, file="safe-pip.toml", read=lambda _: None)


def problems(text):
    with pytest.raises(PolicyError) as caught:
        load(text)
    return list(caught.value.problems)


PUBLISHERS = """\
[[rules.provenance.publishers]]
package = "acme-*"
kind = "GitHub"
repository = "acme/*"
workflow = "release.yml"
environment = "pypi"
[[rules.provenance.publishers]]
package = "tool>=2"
kind = "GitLab"
repository = "group/sub/tool"
workflow = "ci/release.yml"
[[rules.provenance.publishers]]
package = "cloud"
kind = "Google"
repository = "bot@acme.iam.gserviceaccount.com"
[[rules.provenance.publishers]]
package = "state"
kind = "ActiveState"
repository = "acme/state"
"""


def test_publishers_are_read_and_written_out_again():
    policy = load(PUBLISHERS)
    rendered = """\
publishers = [{ package = "acme-*", kind = "GitHub", repository = "acme/*", workflow = "release.yml",\
 environment = "pypi" }, { package = "tool>=2", kind = "GitLab", repository = "group/sub/tool",\
 workflow = "ci/release.yml" }, { package = "cloud", kind = "Google",\
 repository = "bot@acme.iam.gserviceaccount.com" }, { package = "state", kind = "ActiveState",\
 repository = "acme/state" }]"""
    assert rendered in render_policy(policy)
    assert load(render_policy(policy)).rules == policy.rules
    assert [str(policy.origin(f"rules.provenance.publishers[{n}]")) for n in range(4)] == [
        f"safe-pip.toml:{line}" for line in (1, 7, 12, 16)
    ]


WRONG_PUBLISHERS = [
    (
        'kind = "github"\nrepository = "acme/app"',
        '.kind: expected "GitHub", "GitLab", "Google", "ActiveState" or "CircleCI", found "github"',
    ),
    (
        'kind = "Jenkins"\nrepository = "acme/app"',
        '.kind: expected "GitHub", "GitLab", "Google", "ActiveState" or "CircleCI", found "Jenkins"',
    ),
    ('kind = "GitHub"\nrepository = "app"', '.repository: "app" is no repository of GitHub; write "owner/name"'),
    ('kind = "GitHub"\nrepository = "*/*"', '.repository: "*/*" is no repository of GitHub; write "owner/name"'),
    (
        'kind = "GitHub"\nrepository = "acme/a*"',
        '.repository: "acme/a*" is no repository of GitHub; write "owner/name"',
    ),
    (
        'kind = "GitHub"\nrepository = "https://github.example/acme/app.git"',
        (
            '.repository: "https://github.example/acme/app.git" is no repository of GitHub; write "owner/name", here'
            ' "acme/app"'
        ),
    ),
    (
        'kind = "GitHub"\nrepository = "group/sub/app"',
        '.repository: "group/sub/app" is no repository of GitHub; write "owner/name"',
    ),
    ('kind = "GitLab"\nrepository = "app"', '.repository: "app" is no repository of GitLab; write "group/name"'),
    (
        'kind = "Google"\nrepository = "acme/app"',
        '.repository: "acme/app" is no repository of Google; write "name@project.iam.gserviceaccount.com"',
    ),
    (
        'kind = "ActiveState"\nrepository = "app"',
        '.repository: "app" is no repository of ActiveState; write "organization/project"',
    ),
    (
        'kind = "GitHub"\nrepository = "acme/app"\nworkflow = ".github/workflows/release.yml"',
        '.workflow: ".github/workflows/release.yml" is a path; write the name of the file alone, "release.yml"',
    ),
    ('kind = "GitHub"\nrepository = "acme/app"\nworkflow = ""', ".workflow: is empty; leave it out where any may be"),
    (
        'kind = "GitHub"\nrepository = "acme/app"\nenvironment = " "',
        ".environment: is empty; leave it out where any may be",
    ),
    (
        'kind = "Google"\nrepository = "a@b.example"\nworkflow = "x.yml"',
        ".workflow: a publisher of Google has none; leave it out",
    ),
    (
        'kind = "ActiveState"\nrepository = "acme/app"\nenvironment = "x"',
        ".environment: a publisher of ActiveState has none; leave it out",
    ),
]


@pytest.mark.parametrize(("entry", "problem"), WRONG_PUBLISHERS)
def test_a_publisher_that_can_be_none(entry, problem):
    key = problem.partition(":")[0].lstrip(".")
    text = f'[[rules.provenance.publishers]]\npackage = "acme"\n{entry}\n'
    line = next(n for n, own in enumerate(text.splitlines(), 1) if own.startswith(key))
    assert problems(text) == [f"safe-pip.toml:{line}: rules.provenance.publishers[0]{problem}"]


def test_a_publisher_says_who_and_of_what():
    assert problems("[[rules.provenance.publishers]]\nrepositry = 'acme/app'\n") == [
        'safe-pip.toml:1: "kind" is required in rules.provenance.publishers[0]',
        'safe-pip.toml:1: "package" is required in rules.provenance.publishers[0]',
        'safe-pip.toml:1: "repository" is required in rules.provenance.publishers[0]',
        'safe-pip.toml:2: unknown key "repositry" in rules.provenance.publishers[0]; did you mean "repository"?',
    ]


def test_publishers_of_an_override_are_checked_too():
    text = """\
[[overrides]]
package = "acme"
[[overrides.rules.provenance.publishers]]
package = "acme"
kind = "GitHub"
repository = "app"
"""
    (problem,) = problems(text)
    assert problem == (
        'safe-pip.toml:6: overrides[0].rules.provenance.publishers[0].repository: "app" is no repository of GitHub;'
        ' write "owner/name"'
    )


def test_a_root_and_mirrors_mean_the_same_from_everywhere():
    digest = f"sha256:{'ab' * 32}"
    text = f"""\
[provenance]
root = "keys/root.json"
root-sha256 = "{digest}"
mirrors = {{ "https://git.acme.example/" = "mirrors/", "https://github.example/" = "https://git.acme.example/" }}
"""
    layer = read_layer(
        PolicyText("below/safe-pip.toml", text, lambda path: f"below/{path}"), role="user", read=lambda _: None
    )
    own = layer.document.settings.provenance
    assert own.root == "below/keys/root.json"
    assert own.mirrors == {
        "https://git.acme.example/": "below/mirrors/",
        "https://github.example/": "https://git.acme.example/",
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            'root = "root.json"',
            '2: provenance.root: goes together with "root-sha256": the hash says which root is meant',
        ),
        (
            f'root-sha256 = "sha256:{"ab" * 32}"',
            '2: provenance.root-sha256: goes together with "root": the hash says which root is meant',
        ),
        (
            f'root = "https://acme.example/root.json"\nroot-sha256 = "sha256:{"ab" * 32}"',
            "2: provenance.root: expected a path: a root is read, and not fetched",
        ),
        (
            'mirrors = { "github" = "https://git.acme.example/" }',
            "2: provenance.mirrors.github: expected the beginning of an address, such as https://git.acme.example/",
        ),
        (
            'mirrors = { "https://a.example/" = "https://user:secret@git.acme.example/" }',
            (
                '2: provenance.mirrors."https://a.example/": holds credentials, and a policy is shared; keep them in a'
                " keyring or .netrc"
            ),
        ),
    ],
)
def test_settings_of_provenance_that_are_none(text, problem):
    assert problems(f"[provenance]\n{text}\n") == [f"safe-pip.toml:{problem}"]
