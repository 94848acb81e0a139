"""A policy with every rule of safe-pip, and a few advisories beside it, which needs no network and stops nothing."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ADVISORIES = 300
POLICY = """\
schema = 1
mode = "audit"

[evidence]
on-missing = "warn"

[advisories]
sources = ["{advisories}"]

[rules.allowlist]
packages = ["*"]
[rules.denylist]
packages = [{{ package = "no-such-project", reason = "there is none" }}]
[rules.minimum-age]
minimum = "1s"
[rules.hashes]
require = "index"
[rules.yanked]
[rules.sdists]
[rules.direct-references]
[rules.vulnerability]
[rules.malware]
[rules.indexes]
[rules.project-status]
[rules.typosquats]
[rules.licenses]
allow = ["MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "PSF-2.0", "MPL-2.0", "ISC", "Unlicense"]
[rules.contents]
[rules.provenance]
level = "allow"
verify = false
"""


def write_all_rules(folder: Path) -> Path:
    """Write policy and advisories into *folder*; return the policy's path."""
    advisories, policy = folder / "advisories.zip", folder / "all-rules.toml"
    with zipfile.ZipFile(advisories, "w") as archive:
        for number in range(ADVISORIES):
            archive.writestr(f"PYSEC-2026-{number}.json", json.dumps(advisory(number)))
    policy.write_text(POLICY.format(advisories=advisories))
    return policy


def advisory(number: int) -> dict[str, object]:
    """Return an OSV record of a project that nobody installs."""
    package = {"ecosystem": "PyPI", "name": f"no-such-project-{number}"}
    return {
        "id": f"PYSEC-2026-{number}",
        "modified": "2026-01-01T00:00:00Z",
        "affected": [{"package": package, "versions": ["1.0"]}],
    }
