from __future__ import annotations

import pytest
from packaging.version import Version

from safeinstall.resolve.nearest import distance


@pytest.mark.parametrize(
    ("present", "in_order"),
    [
        ("1.24.1", ["1.24.1", "1.24.3", "1.24.2", "1.25.11", "1.26.20", "2.5", "1.24.0", "1.23.9", "0.9"]),
        ("3.2", ["3.2", "3.2.25", "4.2.1", "5.0", "1!1.0", "3.1.9"]),
    ],
)
def test_the_same_line_then_newer_ones_then_older_ones(present, in_order):
    newest_first = sorted(map(Version, in_order), reverse=True)
    assert [str(v) for v in sorted(newest_first, key=lambda v: distance(v, Version(present)))] == in_order
