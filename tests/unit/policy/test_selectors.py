from __future__ import annotations

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from safeinstall.policy.selectors import parse_digest, parse_release, parse_selector


@pytest.mark.parametrize(
    ("selector", "release", "expected"),
    [
        ("django", "django==5.0", True),
        ("Django_Rest.Framework", "django-rest-framework==1.0", True),
        ("django", "django-x==5.0", False),
        ("django>=5,<6", "django==5.2", True),
        ("django>=5,<6", "django==6.0", False),
        ("django >= 5", "django==5.1rc1", True),
        ("django==5.*", "django==5.9.1", True),
        ("django===5.0", "django==5.0", True),
        ("acme-*", "acme-core==1.0", True),
        ("Acme_*", "acme-core==1.0", True),
        ("acme-*", "acme==1.0", False),
        ("*", "anything==0", True),
        ("*-acme-*", "my-acme-tool==1", True),
    ],
)
def test_a_selector_matches_a_normalised_name_and_its_version(selector, release, expected):
    name, version = release.split("==")
    assert parse_selector(selector).matches(canonicalize_name(name), Version(version)) is expected


def test_a_specifier_says_nothing_of_the_name_alone():
    assert parse_selector("django>=5").matches_name(canonicalize_name("django"))


def test_the_more_literal_selector_is_the_more_specific():
    selectors = map(parse_selector, ["acme", "*", "acme-c*", "a*", "acme-*"])
    ranked = sorted(selectors, key=lambda selector: selector.specificity)
    assert list(map(str, ranked)) == ["*", "a*", "acme-*", "acme-c*", "acme"]


@pytest.mark.parametrize("text", ["*", "**"])
def test_stars_alone_match_everything(text):
    assert parse_selector(text).matches_everything


def test_a_selector_is_shown_normalised():
    assert str(parse_selector("Django >=5, <6")) == "django<6,>=5"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", '"" is not a package selector; write "django", "django>=5,<6" or, as a glob, "acme-*"'),
        ("a b", '"a b" is not a package selector; write "django", "django>=5,<6" or, as a glob, "acme-*"'),
        ("acme-?*", '"acme-?*" is not a package selector; a glob has letters, digits, "-" and "*" only'),
        ("acme-*>=2", '"acme-*>=2" is not a package selector; write "django", "django>=5,<6" or, as a glob, "acme-*"'),
        ("acme[extra]", '"acme[extra]" has extras; a package selector is a name and a specifier only'),
        (
            "acme @ https://x.example/a.whl",
            '"acme @ https://x.example/a.whl" has a URL; a package selector is a name and a specifier only',
        ),
        (
            'acme; python_version > "3"',
            '"acme; python_version > "3"" has a marker; a package selector is a name and a specifier only',
        ),
    ],
)
def test_what_is_no_selector_is_refused(text, message):
    with pytest.raises(ValueError) as caught:
        parse_selector(text)
    assert str(caught.value) == message


def test_a_release_is_one_exact_version():
    assert str(parse_release("Acme_Core == 1.0.0")) == "acme-core==1.0.0"


@pytest.mark.parametrize("text", ["acme", "acme>=1", "acme==1.*", "acme==1,==2", "acme===1"])
def test_what_is_not_one_version_is_no_release(text):
    with pytest.raises(ValueError) as caught:
        parse_release(text)
    assert str(caught.value) == f'"{text}" is not one version; write "acme==1.2.3"'


def test_a_digest_is_lower_case():
    assert parse_digest("sha256:" + "AB" * 32) == "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    "text", ["ab" * 32, "sha256:ab", "md5:" + "ab" * 16, "sha256:" + "zz" * 32, "sha256:" + "ab" * 32 + "\n"]
)
def test_only_sha256_is_a_digest(text):
    with pytest.raises(ValueError) as caught:
        parse_digest(text)
    assert str(caught.value) == f'"{text}" is not a hash; write "sha256:" and 64 hex digits'
