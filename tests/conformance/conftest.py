"""Nothing here is traced: a thousand cases in processes of their own, and whole lists, cover nothing that counts."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _untraced(no_cover):
    """The unit tests show what is covered, and tracing takes several times as long."""
