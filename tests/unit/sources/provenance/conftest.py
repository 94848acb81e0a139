from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
EXTRA = ("sigstore", "pypi_attestations")


@pytest.fixture
def plain_site(tmp_path):
    """A folder of all that is installed here, but for the libraries of the extra ``provenance``: a plain install."""
    site = tmp_path / "site"
    site.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith((*EXTRA, "safeinstall")):
            (site / entry.name).symlink_to(entry)
    (site / "safeinstall").symlink_to(ROOT / "safeinstall")
    (site / "policies").symlink_to(ROOT / "policies")
    return site
