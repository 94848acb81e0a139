"""Every form of every ending: valid by its public schema, and nothing foreign is more than text."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from lib.facts import evidence
from lib.junit import problems_of_junit
from lib.policies import judged, layered
from lib.reports import (
    BUILT,
    HOSTILE,
    PROVED,
    RUN,
    VERIFIED,
    attested,
    denied,
    endings,
    passed,
    report,
    required_by,
)
from lib.schemas import cyclonedx_problems, published_schema, sarif_problems

from safeinstall.facts.provenance import Unattested
from safeinstall.plan.plan import Plan
from safeinstall.report.forms import FORMS, render_form
from safeinstall.report.forms.page import SCRIPTS
from safeinstall.resolve.outcome import Outcome
from safeinstall.resolve.resolution import Refusal

ENDINGS = ("passed", "dry-run", "denied", "failed", "attested", "broken")


@pytest.fixture(scope="module")
def reports():
    return endings()


@pytest.fixture(params=ENDINGS)
def ending(request, reports):
    return reports[request.param]


def data(form, given):
    return json.loads(render_form(form, given))


# --- schemas


def test_json_is_as_its_published_schema_says_and_has_nothing_else(ending):
    jsonschema.validate(
        data("json", ending), published_schema(), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def test_sarif_is_valid(ending):
    assert sarif_problems(render_form("sarif", ending)) == []


def test_cyclonedx_is_valid(ending):
    assert cyclonedx_problems(render_form("cyclonedx", ending)) is None


def test_junit_is_valid(ending):
    assert problems_of_junit(ET.fromstring(render_form("junit", ending))) == []


# --- foreign text


@pytest.mark.parametrize("form", FORMS)
def test_no_form_holds_what_steers_a_terminal_or_a_secret(ending, form):
    text = render_form(form, ending).replace(SCRIPTS[0], "")  # dagre, as it was published
    assert {c for c in text if not c.isprintable()} <= {"\n"}
    assert "secret" not in text


def test_annotations_are_one_line_each_and_no_foreign_one(reports):
    for one in reports.values():
        lines = render_form("github", one).splitlines()
        assert all(re.match(r"::(error|warning|notice) ([\w]+=[^:,]*,?)+::", line) for line in lines), lines
        assert not any(line.startswith(("::error::x", "::error::y")) for line in lines)
    assert "%250A::error::x" in render_form("github", reports["denied"])


def test_the_annotation_stands_where_the_requirement_is_written(reports):
    first = render_form("github", reports["denied"]).splitlines()[0]
    assert first.startswith(
        "::error file=my requirements.txt,line=3,title=minimum-age%2C yanked%3A refused lib 1.0::minimum-age: uploaded"
    )


class Page(HTMLParser):
    """Collects what a browser would run or fetch."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


def test_the_page_has_no_script_but_its_own_and_fetches_nothing(ending):
    page = Page()
    text = render_form("html", ending)
    page.feed(text)
    assert page.tags.count("script") == text.count("</script>") == 5
    assert not {"src", "href", "onclick", "onerror", "style"} & set(page.attributes)
    assert "<script>alert" not in text


def test_the_policy_of_the_page_lets_its_own_scripts_run_and_nothing_else(reports):
    text = render_form("html", reports["denied"])
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="(.*)"', text)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert dict(directive.split(" ", 1) for directive in policy.split("; ")) == {
        **dict.fromkeys(("default-src", "base-uri", "form-action"), "'none'"),
        "script-src": " ".join(map(hash_source, scripts)),
        "style-src": hash_source(style),
    }


def hash_source(text):
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def test_markdown_has_no_foreign_markup(reports):
    for one in reports.values():
        text = render_form("markdown", one)
        assert "<script" not in text
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert all(len(re.findall(r"(?<!\\)\|", row)) <= 6 for row in rows)
        assert not re.search(r"(?<!\\)`", text)


def test_xml_keeps_the_text_as_text(reports):
    root = ET.fromstring(render_form("junit", reports["denied"]))
    failure = root.find(".//failure")
    assert "]]>" in failure.text
    assert "[31m" in failure.text


# --- what they say


def test_a_fallback_is_told_with_what_was_hidden(reports):
    (fallback,) = data("json", reports["passed"])["fallbacks"]
    assert (fallback["hidden_version"], fallback["taken_version"]) == ("2.0", "1.0")
    assert fallback["finding"]["location"] == {"file": "user.toml", "line": 4}
    notes = [r for r in data("sarif", reports["passed"])["runs"][0]["results"] if r["level"] == "note"]
    assert [r["message"]["text"] for r in notes] == [
        "app 1.0 instead of 2.0: uploaded 1 day ago; the policy asks for 7 days. Way out: wait until 2026-11-28 12:00 UTC, or ask for an older version"
    ]


def test_an_exception_is_a_suppression(reports):
    results = data("sarif", reports["passed"])["runs"][0]["results"]
    (excepted,) = [r for r in results if "suppressions" in r]
    (suppression,) = excepted["suppressions"]
    assert suppression["kind"] == "external"
    assert suppression["justification"].endswith("(until 2027-01-31, approved by secops)")
    assert suppression["location"]["physicalLocation"]["region"] == {"startLine": 8}
    assert excepted["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "my%20requirements.txt"},
        "region": {"startLine": 3},
    }


def test_an_exception_is_an_accepted_risk_and_never_called_not_affected(reports):
    bom = data("cyclonedx", reports["passed"])
    states = {v["id"]: v["analysis"]["state"] for v in bom["vulnerabilities"]}
    assert states == {"CVE-2026-1": "exploitable", "PYSEC-2026-2": "in_triage"}
    assert {v["id"]: v["affects"] for v in bom["vulnerabilities"]}["CVE-2026-1"] == [{"ref": "pkg:pypi/lib@1.0"}]
    assert bom["dependencies"] == [
        {"ref": "environment", "dependsOn": ["pkg:pypi/app@1.0"]},
        {"ref": "pkg:pypi/app@1.0", "dependsOn": ["pkg:pypi/lib@1.0"]},
        {"ref": "pkg:pypi/lib@1.0", "dependsOn": []},
    ]


def test_what_is_refused_is_excluded_from_the_bom(reports):
    (component,) = data("cyclonedx", reports["denied"])["components"]
    assert (component["name"], component["scope"]) == ("lib", "excluded")


def test_a_denial_is_a_failure_and_an_error_an_error(reports):
    counts = {}
    for name, one in reports.items():
        suite = ET.fromstring(render_form("junit", one)).find("testsuite")
        counts[name] = tuple(suite.get(key) for key in ("tests", "failures", "errors"))
    assert counts == {
        "passed": ("2", "0", "0"),
        "dry-run": ("2", "0", "0"),
        "denied": ("1", "1", "0"),
        "failed": ("1", "0", "1"),
        "attested": ("5", "0", "0"),
        "broken": ("1", "0", "1"),
    }


def test_the_status_tells_how_it_ended(reports):
    assert {name: one.status for name, one in reports.items()} == {
        "passed": "done",
        "dry-run": "dry-run",
        "denied": "denied",
        "failed": "failed",
        "attested": "done",
        "broken": "failed",
    }


def test_of_many_refused_files_those_are_told_that_say_something_new():
    one = denied()
    many = report(type(one)(result=one.refused.__class__(verdicts=one.refused.verdicts * 5)), exit_code=10)
    assert len(many.mattering) == 1


def test_evidence_has_its_age(reports):
    told = data("json", reports["passed"])["evidence"]
    assert [(one["kind"], one["name"], one["as_of"]) for one in told] == [
        ("index", "default", "2026-11-22T12:00:00+00:00"),
        ("advisories", "osv", "2026-11-22T09:00:00+00:00"),
        ("epss", "https://epss.example/", None),
    ]


def test_what_is_known_of_exploitation_is_told(reports):
    (lib,) = (file for file in data("json", reports["passed"])["files"] if file["name"] == "lib")
    assert [(f["exploited"], f["epss"]) for f in lib["findings"] if f["advisories"]] == [("2026-05-02", 0.943)]
    (hole,) = (v for v in data("cyclonedx", reports["passed"])["vulnerabilities"] if v["id"] == "CVE-2026-1")
    assert hole["ratings"] == [{"source": {"name": "EPSS"}, "score": 0.943, "method": "other"}]
    assert hole["properties"] == [{"name": "safe-pip:exploited-since", "value": "2026-05-02"}]


# --- who built it


def test_what_is_verified_is_evidence_and_leads_back_to_the_commit():
    (component,) = data("cyclonedx", attested(app=VERIFIED))["components"]
    assert {key: component[key] for key in ("evidence", "externalReferences", "pedigree", "properties")} == {
        "evidence": {
            "identity": [
                {
                    "field": "hash",
                    "confidence": 1,
                    "methods": [
                        {
                            "technique": "attestation",
                            "confidence": 1,
                            "value": "GitHub acme/app, release.yml, environment pypi, commit 1f1f1f1f1f1f",
                        }
                    ],
                }
            ]
        },
        "externalReferences": [
            {"type": "vcs", "url": "https://forge.example/acme/app"},
            {"type": "build-meta", "url": RUN},
            {"type": "attestation", "url": "https://packages.example/integrity/app-1.0"},
        ],
        "pedigree": {"commits": [{"uid": "1f" * 20, "url": f"https://forge.example/acme/app/commit/{'1f' * 20}"}]},
        "properties": [
            {"name": "safe-pip:file", "value": "app-1.0-py3-none-any.whl"},
            {"name": "safe-pip:source", "value": "default"},
            {"name": "safe-pip:verdict", "value": "allowed"},
            {"name": "safe-pip:provenance", "value": "verified"},
            {
                "name": "safe-pip:built-by",
                "value": "GitHub acme/app, release.yml, environment pypi, commit 1f1f1f1f1f1f, verified",
            },
        ],
    }


def test_what_is_claimed_is_no_evidence_and_leads_nowhere(reports):
    one = attested(app=replace(VERIFIED, verified=False))
    (component,) = data("cyclonedx", one)["components"]
    assert not {"evidence", "externalReferences", "pedigree"} & component.keys()
    assert [(said["name"], said["value"]) for said in component["properties"][-2:]] == [
        ("safe-pip:provenance", "claimed"),
        ("safe-pip:built-by", "GitHub acme/app, release.yml, environment pypi, as its index says; not verified"),
    ]
    for form in FORMS:
        assert "forge.example" not in render_form(form, one), form
        assert "1f1f1f" not in render_form(form, one), form
    assert "versionControlProvenance" not in data("sarif", one)["runs"][0]


def test_sarif_names_the_commits_and_with_each_finding_who_built_the_file():
    outcome = passed()
    proved = [replace(pin, verdict=replace(pin.verdict, provenance=VERIFIED)) for pin in outcome.resolved.pins]
    (run,) = data("sarif", report(replace(outcome, plan=Plan.of(proved))))["runs"]
    assert run["versionControlProvenance"] == [
        {
            "repositoryUri": "https://forge.example/acme/app",
            "revisionId": "1f" * 20,
            "revisionTag": "v1",
            "properties": {"files": ["app-1.0-py3-none-any.whl", "lib-1.0-py3-none-any.whl"]},
        }
    ]
    by = "GitHub acme/app, release.yml, environment pypi, commit 1f1f1f1f1f1f, verified"
    assert [result.get("properties") for result in run["results"]] == [
        {"provenance": "verified", "builtBy": by},
        {"provenance": "verified", "builtBy": by},
        None,
    ]


def test_json_has_every_attestation_and_markdown_junit_and_html_who_built_it():
    one = attested(app=VERIFIED, lib=Unattested())
    app, lib = (file["provenance"] for file in data("json", one)["files"])
    assert [statement["predicate_type"] for statement in app.pop("attestations")] == [
        PROVED.predicate_type,
        BUILT.predicate_type,
    ]
    assert (app, lib) == (
        {"standing": "verified", "reason": None, "url": "https://packages.example/integrity/app-1.0"},
        {"standing": "unattested", "reason": None, "url": None, "attestations": []},
    )
    told = "GitHub acme/app, release.yml, environment pypi, commit 1f1f1f1f1f1f, verified"
    assert "| package | version | file | required by | built by |" in render_form("markdown", one)
    assert f"| app | 1.0 | app-1.0-py3-none-any.whl | app | {told} |" in render_form("markdown", one)
    assert "| lib | 1.0 | lib-1.0-py3-none-any.whl | lib |  |" in render_form("markdown", one)
    outs = ET.fromstring(render_form("junit", one)).iter("system-out")
    assert [out.text for out in outs] == [f"built by: {told}"]
    assert (
        '<div class="way verified"><b>from commit to environment</b> proved<ol>'
        f"<li><b>commit</b> https://forge.example/acme/app/commit/{'1f' * 20} (refs/tags/v1)</li>"
        f"<li><b>workflow</b> GitHub acme/app, release.yml, environment pypi; {RUN};"
        " logged 2025-11-22 12:00 UTC as number 42</li>"
        f"<li><b>file</b> app-1.0-py3-none-any.whl</li>"
        "<li><b>environment</b> /env (Python 3.12.1)</li></ol></div>"
    ) in render_form("html", one)
    assert "<p><b>built by</b> not attested</p>" in render_form("html", one)


def test_what_the_rule_finds_is_told_as_of_any_other_and_who_built_the_file_with_it():
    own = layered(user='[[rules.provenance.publishers]]\npackage = "lib"\nkind = "GitHub"\nrepository = "acme/lib"\n')
    refusal = Refusal(verdicts=(judged(own, evidence("lib==1.0", provenance=VERIFIED)),), required_by=required_by())
    one = report(Outcome(result=refusal), exit_code=10, own=own)
    (run,) = data("sarif", one)["runs"]
    (result,) = run["results"]
    said = "attested by GitHub acme/app, release.yml, environment pypi; the policy binds lib to GitHub acme/lib"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["provenance"]
    assert result["message"]["text"].startswith(
        f"lib 1.0 (lib-1.0-py3-none-any.whl), refused by provenance: {said}. Way"
    )
    assert [place["physicalLocation"]["artifactLocation"]["uri"] for place in result["locations"]] == [
        "my%20requirements.txt"
    ]
    assert result["relatedLocations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "user.toml"}, "region": {"startLine": 1}}}
    ]
    assert result["properties"]["provenance"] == "verified"
    assert sarif_problems(render_form("sarif", one)) == []
    (component,) = data("cyclonedx", one)["components"]
    assert (component["scope"], component["pedigree"]["commits"][0]["uid"]) == ("excluded", "1f" * 20)
    assert ET.fromstring(render_form("junit", one)).find(".//failure").get("message") == said
    assert render_form("github", one).startswith(
        f"::error file=my requirements.txt,line=3,title=provenance%3A refused lib 1.0::{said}%0A"
    )
    assert '<div class="way verified">' in render_form("html", one)
    assert "<li><b>environment</b>" not in render_form("html", one)  # it came to none


def test_where_no_rule_asks_nothing_is_said_of_who_built_it(reports):
    for form in set(FORMS) - {"json", "html"}:
        assert "built by" not in render_form(form, reports["passed"]).lower(), form
        assert "provenance" not in render_form(form, reports["passed"]), form
    assert '"provenance": null' in render_form("json", reports["passed"])
    assert "<th>built by</th>" not in render_form("html", reports["passed"])


def test_hostile_text_is_in_the_json_as_it_is():
    assert HOSTILE.replace("\r\n", " ").split(" ]]>")[0] in data("json", report(passed()))["files"][1]["summary"]
