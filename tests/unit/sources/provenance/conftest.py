from __future__ import annotations

import pytest
from lib import sites


@pytest.fixture
def plain_site(tmp_path):
    """A folder of what a plain install of safe-pip has."""
    return sites.plain_site(tmp_path / "site")
