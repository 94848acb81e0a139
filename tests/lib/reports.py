"""Reports of runs as they may end, from policies and made-up facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType

from lib.claims import PUBLISH
from lib.facts import NOW, advisory, evidence
from lib.policies import judged, layered
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from safeinstall.errors import SourceError
from safeinstall.facts.artifact import Metadata
from safeinstall.facts.provenance import Attestation, Provenance, Publisher, PublisherKind, Refuted, Unattested
from safeinstall.facts.values import Missing
from safeinstall.facts.verdict import Pinned
from safeinstall.plan.plan import Plan
from safeinstall.report.build import build_report
from safeinstall.report.model import EvidenceUsed
from safeinstall.report.run import Run
from safeinstall.request.requirements import Root
from safeinstall.resolve.outcome import Outcome
from safeinstall.resolve.resolution import Refusal, Requirer, Resolution

HOSTILE = "</script><script>alert(1)</script> \x1b[31m %0A::error::x\r\n::error::y ]]> | `*_ \u202e & \"'"
POLICY = f"""schema = 1
contact = "https://sec.example/"
[rules.minimum-age]
minimum = "7d"
[rules.yanked]
[rules.vulnerability]
deny-at = "high"
[[exceptions]]
package = "lib"
rules = ["vulnerability"]
reason = "only PNG {HOSTILE.encode("unicode_escape").decode().replace("x1b", "u001b").replace('"', "'")}"
expires = 2027-01-31
approved-by = "secops"
"""
YOUNG = timedelta(days=1)


class Asked:
    """As much of an invocation as a report shows."""

    command = "install"
    dry_run = False
    python = "/env/bin/python"
    prefix = "/env"
    pip_version = "26.3"
    markers = MappingProxyType({"python_full_version": "3.12.1"})
    roots = (
        Root(
            name=canonicalize_name("app"),
            specifier=SpecifierSet(">=1"),
            text="app>=1",
            origin="-r my requirements.txt (line 3)",
        ),
        Root(name=None, text="https://user:secret@files.example/x.whl"),
    )


def policy():
    return layered(user=POLICY)


def pinned(verdict, *, text="", requested=False):
    artifact = verdict.artifact
    metadata = Metadata(
        name=artifact.name,
        version=artifact.version,
        requires_dist=(),
        requires_python=None,
        provides_extra=frozenset(),
        text=text,
    )
    return Pinned(artifact=artifact, metadata=metadata, verdict=verdict, requested=requested)


def required_by():
    app, lib = canonicalize_name("app"), canonicalize_name("lib")
    return {app: (Requirer(by=None, text="app>=1"),), lib: (Requirer(by=app, text="lib<3"),)}


def hostile_metadata():
    summary = HOSTILE.replace("\r\n", " ")
    return f"Name: lib\nSummary: {summary}\nLicense: MIT {summary}\n"


def passed(own=None):
    """Two files were chosen, one of them in place of a younger, the other by an exception."""
    own = own or policy()
    known = {"exploited": date(2026, 5, 2), "epss": 0.943}
    hole = advisory("PYSEC-2026-1", aliases=("CVE-2026-1",), summary=HOSTILE, **known)
    lib = judged(own, evidence("lib==1.0", advisories=(hole,)))
    app = judged(own, evidence("app==1.0", advisories=(advisory("PYSEC-2026-2", severity=2.0),)))
    pins = (pinned(app, requested=True), pinned(lib, text=hostile_metadata()))
    hidden = judged(own, evidence("app==2.0", age=YOUNG))
    resolution = Resolution(pins=pins, kept=(), required_by=required_by(), hidden=(hidden,))
    return Outcome(result=resolution, plan=Plan.of(pins), status=0)


def denied(own=None):
    """One file of a project was refused, for a reason that an attacker wrote."""
    verdict = judged(own or policy(), evidence("lib==1.0", yanked=HOSTILE, age=YOUNG))
    verdict = replace(verdict, artifact=replace(verdict.artifact, filename=f"lib-1.0-{HOSTILE}.whl"))
    older = judged(own or policy(), evidence("lib==0.9", age=timedelta(days=100)))
    return Outcome(
        result=Refusal(verdicts=(verdict,), required_by=required_by(), conflict=HOSTILE, notices=(HOSTILE,)),
        newest_passing={older.artifact.name: older.artifact},
    )


RUN = "https://forge.example/acme/app/actions/runs/7/attempts/1"
PUBLISHER = Publisher(kind=PublisherKind.GITHUB, repository="acme/app", workflow="release.yml", environment="pypi")
PROVED = Attestation(
    publisher=PUBLISHER,
    predicate_type=PUBLISH,
    commit="1f" * 20,
    ref="refs/tags/v1",
    run=RUN,
    repository_url="https://forge.example/acme/app",
    logged=NOW - timedelta(days=365),
    log_index=42,
)
BUILT = replace(PROVED, predicate_type="https://slsa.dev/provenance/v1")
VERIFIED = Provenance(attestations=(PROVED, BUILT), verified=True)
CLAIMED = Provenance(
    attestations=(Attestation(publisher=PUBLISHER, predicate_type=PROVED.predicate_type),), verified=False
)
HOSTILE_CLAIM = Provenance(
    attestations=(replace(PROVED, publisher=replace(PUBLISHER, repository=f"acme/{HOSTILE}", workflow=HOSTILE)),),
    verified=False,
)


def attested(**facts):
    """A run that chose one file for each of *facts*: what is known of who built it."""
    verdicts = {name: judged(policy(), evidence(f"{name}==1.0", provenance=fact)) for name, fact in facts.items()}
    at_index = {name: f"https://packages.example/integrity/{name}-1.0" for name in facts}
    pins = tuple(
        pinned(replace(verdict, artifact=replace(verdict.artifact, provenance=at_index[name])), requested=True)
        for name, verdict in verdicts.items()
    )
    asked = {pin.artifact.name: (Requirer(by=None, text=str(pin.artifact.name)),) for pin in pins}
    return report(Outcome(result=Resolution(pins=pins, kept=(), required_by=asked), plan=Plan.of(pins), status=0))


def report(outcome=None, *, error=None, exit_code=0, own=None):
    run = Run(NOW, policy=own or policy(), invocation=Asked(), outcome=outcome, error=error)
    run.advisories = (
        EvidenceUsed(kind="advisories", name="osv", as_of=NOW - timedelta(hours=3)),
        EvidenceUsed(kind="epss", name="https://epss.example/", as_of=None, problem="it did not answer"),
    )
    return build_report(run, exit_code=exit_code, seconds=1.25)


def endings():
    """Every way a run may end."""
    return {
        "passed": report(passed()),
        "dry-run": report(replace(passed(), status=None)),
        "denied": report(denied(), exit_code=10),
        "failed": report(None, error=SourceError(f"no answer: {HOSTILE}", hint=HOSTILE), exit_code=11),
        "attested": attested(
            verified=VERIFIED,
            claimed=HOSTILE_CLAIM,
            unattested=Unattested(),
            refuted=Refuted(reason=HOSTILE),
            missing=Missing(HOSTILE),
        ),
        "broken": build_report(Run(NOW, error=KeyboardInterrupt()), exit_code=1, seconds=0),
    }
