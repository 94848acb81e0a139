"""Nothing here is traced: what is tried a thousand times is not covered better than once."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _untraced(no_cover):
    """The unit tests show what is covered, and tracing takes several times as long."""
