"""Policies of several layers, from texts."""

from __future__ import annotations

from datetime import date

from safeinstall.errors import PolicyError
from safeinstall.judge.evaluate import evaluate
from safeinstall.policy.layers import stack
from safeinstall.policy.load import read_layer
from safeinstall.policy.merge import PolicyText
from safeinstall.sources.policies.policy_texts import preset_folder, presets

TODAY = date(2026, 11, 22)
BASELINE = 'extends = "baseline"\n'


def read_preset(reference):
    if reference not in presets():
        raise PolicyError((f"{reference}: no such policy file",))
    text = (preset_folder() / f"{reference}.toml").read_text(encoding="utf-8")
    return PolicyText(f"{reference} (built in)", text, shipped=True)


def layer(role, text, *, file=None):
    return read_layer(PolicyText(file or f"{role}.toml", text), role=role, read=read_preset)


def layered(today=TODAY, **texts):
    """The policy of ``system=``, ``user=`` and ``project=`` texts, in this order."""
    return stack([layer(role, text) for role, text in texts.items()], today=today)


def judged(policy, given):
    """The verdict on *given*, whatever its facts cost."""
    ruled = policy.rules_for(given.artifact.name, given.artifact.version)
    verdict = evaluate(
        given,
        rules=ruled.rules,
        exceptions=policy.exceptions,
        on_missing=policy.evidence.on_missing,
        mode=policy.mode,
        fail_on=policy.fail_on,
    )
    return verdict.renamed(ruled.key_as_written)


def option(policy, key):
    """The value of ``rules.RULE.OPTION``."""
    _, rule, name = key.split(".")
    return next(getattr(r, name.replace("-", "_")) for r in policy.rules if r.id == rule)
