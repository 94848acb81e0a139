from __future__ import annotations

import html.parser
import stat
from dataclasses import replace
from urllib.parse import unquote

import pytest
from lib.pins import artifact_of, pin_of
from lib.wheels import make_sdist, make_wheel

from safeinstall.plan.plan import _SEAL, Plan, VerifiedFile, VerifiedPlan
from safeinstall.sources.files.stage import Stage, open_stage

NAME, DATA = make_wheel("Demo.Pkg", "1.0+local")
SHA256 = "0" * 64


def verified(stage: Stage, **facts) -> VerifiedPlan:
    pin = pin_of(replace(artifact_of(NAME, DATA), **facts))
    file = VerifiedFile(pin=pin, path=str(stage.files / "0" / pin.artifact.filename), sha256=SHA256, size=len(DATA))
    return VerifiedPlan(Plan.of([pin]), (file,), _SEAL)


@pytest.mark.parametrize(
    ("filename", "subdirectory", "egg", "parts"),
    [
        ("demo_pkg-1.0.tar.gz", "", "", ""),
        ("demo_pkg-1.0.tar.gz", 'a b"/c', "", '&subdirectory=a b"/c'),
        ("snapshot.tar.gz", "a", "demo_pkg-1.0", "&subdirectory=a&egg=demo_pkg-1.0"),
    ],
)
def test_what_the_name_of_a_file_does_not_say(tmp_path, filename, subdirectory, egg, parts):
    made = artifact_of(*make_sdist("demo-pkg", "1.0"))
    artifact = replace(made, filename=filename, subdirectory=subdirectory, egg=egg)
    with open_stage(tmp_path) as stage:
        file = VerifiedFile(pin=pin_of(artifact), path=str(stage.files / "0" / filename), sha256=SHA256, size=1)
        stage.publish(VerifiedPlan(Plan.of([file.pin]), (file,), _SEAL))
        (anchor,) = Anchors(page(stage, "demo-pkg")).found
    assert anchor == {"href": f"../../files/0/{filename}#sha256={SHA256}{parts}"}


def page(stage: Stage, name: str) -> str:
    return (stage.root / "simple" / name / "index.html").read_text()


class Anchors(html.parser.HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.found.append(dict(attrs))


def test_the_page_of_a_project(tmp_path):
    with open_stage(tmp_path) as stage:
        stage.publish(verified(stage))
        assert page(stage, "demo-pkg") == (
            "<!DOCTYPE html>\n<html><body>\n"
            f'<a href="../../files/0/demo_pkg-1.0%2Blocal-py3-none-any.whl#sha256={SHA256}">'
            "demo_pkg-1.0+local-py3-none-any.whl</a><br>\n"
            "</body></html>\n"
        )
        assert stage.index_url == f"file://{stage.root}/simple"


@pytest.mark.parametrize("reason", ["", 'broken" onclick="x', "<b>&amp;</b>"])
def test_a_yanked_file_stays_yanked_and_the_reason_stays_text(tmp_path, reason):
    with open_stage(tmp_path) as stage:
        stage.publish(verified(stage, yanked=reason))
        (anchor,) = Anchors(page(stage, "demo-pkg")).found
    assert anchor["data-yanked"] == reason
    assert set(anchor) == {"href", "data-yanked"}


def test_a_file_name_stays_text(tmp_path):
    name = 'a"><a href="x#%.whl'
    with open_stage(tmp_path) as stage:
        stage.publish(verified(stage, filename=name))
        (anchor,) = Anchors(page(stage, "demo-pkg")).found
    path, _, fragment = anchor["href"].partition("#")
    assert unquote(path) == f"../../files/0/{name}"
    assert fragment == f"sha256={SHA256}"


def test_empty_pages(tmp_path):
    with open_stage(tmp_path) as stage:
        stage.publish(verified(stage), empty=["installed", "demo-pkg"])
        assert page(stage, "installed") == "<!DOCTYPE html>\n<html><body>\n</body></html>\n"
        assert NAME in page(stage, "demo-pkg")
        assert sorted(path.name for path in (stage.root / "simple").iterdir()) == ["demo-pkg", "installed"]


def test_files_are_added_to_what_is_there(tmp_path):
    other, data = make_wheel("Demo.Pkg", "2.0")
    with open_stage(tmp_path) as stage:
        stage.publish(verified(stage))
        pin = pin_of(artifact_of(other, data))
        later = VerifiedFile(pin=pin, path=str(stage.files / "1" / other), sha256=SHA256, size=len(data))
        stage.publish(VerifiedPlan(Plan.of([pin]), (later,), _SEAL))
        assert [anchor["href"].rpartition("#")[0] for anchor in Anchors(page(stage, "demo-pkg")).found] == [
            "../../files/0/demo_pkg-1.0%2Blocal-py3-none-any.whl",
            "../../files/1/demo_pkg-2.0-py3-none-any.whl",
        ]


def test_a_file_from_elsewhere_is_refused(tmp_path):
    with open_stage(tmp_path) as stage:
        there = replace(verified(stage).files[0], path=str(tmp_path / NAME))
        plan = VerifiedPlan(Plan.of([there.pin]), (there,), _SEAL)
        with pytest.raises(ValueError) as caught:
            stage.publish(plan)
    assert str(caught.value) == f"{NAME} is not in the staged directory"


def test_only_we_may_enter_and_nothing_stays(tmp_path):
    with open_stage(tmp_path) as stage:
        stage.publish(verified(stage))
        assert stage.root.parent == tmp_path
        assert stat.S_IMODE(stage.root.stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == []
