"""``safe-pip policy publishers``: entries from what is verified, as a diff of the policy; and which are outdated."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta, timezone
from functools import partial

import pytest
from lib import sigstore
from lib.claims import by

NOW = datetime.now(timezone.utc)
POLICY = """\
schema = 1
[rules.provenance]
level = "allow"
verify = false
[provenance]
root = "root.json"
root-sha256 = "sha256:{}"
"""
APP, THIEF = sigstore.github("acme/app", "release.yml", "pypi"), sigstore.github("evil/app", "release.yml")
ENTRY = """\
[[rules.provenance.publishers]]
package = "app"
kind = "GitHub"
repository = "acme/app"
workflow = "release.yml"
"""


def by_sigstore(publisher, **how):
    return partial(sigstore.attest, publisher=publisher, **how)


@pytest.fixture
def attested(shell):
    """A user whose policy trusts the Sigstore of the test, and who is offered one attested project and one that is not."""
    root = sigstore.trusted_root()
    (shell.work / "root.json").write_bytes(root)
    shell.policy(POLICY.format(hashlib.sha256(root).hexdigest()))
    shell.offer("app", "1.0", upload_time=NOW - timedelta(days=60), provenance=by_sigstore(APP))
    shell.offer("lib", "1.0", upload_time=NOW - timedelta(days=60))
    return shell


def test_entries_are_proposed_as_a_diff_and_nothing_is_written(attested):
    before = attested.policy_path.read_text()
    done = attested.run("policy", "publishers", "app", "lib")
    assert (done.exit, done.err) == (
        0,
        "safe-pip: lib 1.0: nobody has attested it\nsafe-pip: policy.toml: 1 entry, not written (--apply writes it)\n",
    )
    assert done.out == (
        "--- a/policy.toml\n+++ b/policy.toml\n@@ -5,3 +5,9 @@\n"
    ) + "".join(f" {line}\n" for line in before.splitlines()[-3:]) + "+\n" + "".join(
        f"+{line}\n" for line in ENTRY.splitlines()
    )
    assert attested.policy_path.read_text() == before
