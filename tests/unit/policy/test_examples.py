"""The worked examples: each loads, each key says what it is for, and each does what it says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from lib.facts import INDEX, SHA, direct, evidence
from lib.policies import TODAY, judged, read_preset
from packaging.utils import canonicalize_name

from safeinstall.facts.artifact import Source, SourceKind
from safeinstall.policy.load import parse_policy
from safeinstall.policy.locations import key_lines
from safeinstall.policy.shown.lint import lint
from safeinstall.sources.policies.policy_texts import preset_folder

FOLDER = preset_folder() / "examples"
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))
ACME = Source(kind=SourceKind.INDEX, url="https://packages.acme.example/simple/", name="acme")
YOUNG = timedelta(days=1)


def text(name):
    return (FOLDER / f"{name}.toml").read_text(encoding="utf-8")


def policy(name):
    return parse_policy(text(name), file=f"{name}.toml", read=read_preset)


def index_of(name, package):
    return [index.name for index in policy(name).indexes_for(canonicalize_name(package))]


def test_there_is_one_for_each_site():
    assert NAMES == ["air-gapped", "data-science", "docker", "organisation"]


@pytest.mark.parametrize("name", NAMES)
def test_it_loads_and_there_is_nothing_to_doubt(name):
    assert list(lint(policy(name), TODAY)) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_key_is_commented(name):
    lines = text(name).splitlines()
    keys = {line for path, line in key_lines(text(name)).items() if "=" in lines[line - 1]}
    items = {line for line in keys if lines[line - 1].startswith(" ")}
    named = ("schema = ", "name = ", "url = ", "packages = ", "package = ")
    own = {line for line in keys - items if not lines[line - 1].startswith(named)}
    assert [lines[line - 1] for line in sorted(own) if not lines[line - 2].startswith("#")] == []


def test_the_organisation_binds_its_names_and_trusts_its_own_releases():
    own = policy("organisation")
    assert (index_of("organisation", "acme-core"), index_of("organisation", "requests")) == (["acme"], ["default"])
    rules = {f.rule for f in judged(own, evidence("acme-core==1.0", age=YOUNG, source=ACME)).denials}
    assert "minimum-age" not in rules
    assert "minimum-age" in {f.rule for f in judged(own, evidence("requests==2.0", age=YOUNG)).denials}
    young_project = evidence("requests==2.0", first_upload=evidence(age=YOUNG).upload_time)
    assert [f.key for f in judged(own, young_project).denials] == ["rules.minimum-age.new-project"]


def test_the_image_takes_only_what_is_pinned():
    own = policy("docker")
    assert [f.rule for f in judged(own, evidence()).denials] == ["hashes"]
    assert not judged(own, evidence(user_hashes=frozenset({f"sha256:{SHA}"}))).denied


def test_the_air_gapped_site_has_one_index():
    assert index_of("air-gapped", "anything") == ["mirror"]
    own = direct(url="file:///media/disk/acme.whl")
    assert "direct-references" in {f.rule for f in judged(policy("air-gapped"), own).denials}


def test_data_science_takes_each_name_from_one_index():
    assert [index_of("data-science", name) for name in ("torch", "nvidia-cublas", "numpy")] == [
        ["accelerated"],
        ["accelerated"],
        ["default"],
    ]
    assert not judged(policy("data-science"), evidence("acme-models==1.0", age=YOUNG, source=INDEX)).denied
