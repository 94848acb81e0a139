"""The policy of ``against_pip.py --all-rules`` has every rule, and its advisories can be read."""

from __future__ import annotations

import runpy
from pathlib import Path

from safeinstall.rules.registry import known_rules
from safeinstall.sources.policies.policy_files import load_policy

WRITE = runpy.run_path(str(Path(__file__).parents[3] / "benchmarks" / "all_rules.py"))["write_all_rules"]


def test_no_rule_is_left_out(tmp_path):
    policy = load_policy(str(WRITE(tmp_path)), {}, tmp_path)
    assert [rule.id for rule in policy.rules] == sorted(known_rules())
