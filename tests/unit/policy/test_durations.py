from __future__ import annotations

from datetime import timedelta

import pytest

from safeinstall.policy.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("36h", timedelta(hours=36)),
        ("3d", timedelta(days=3)),
        ("2w", timedelta(weeks=2)),
        ("0s", timedelta()),
        ("1d 12h", timedelta(hours=36)),
        ("1d12h", timedelta(hours=36)),
        (" 3d ", timedelta(days=3)),
        ("P3D", timedelta(days=3)),
        ("P2W", timedelta(weeks=2)),
        ("PT36H", timedelta(hours=36)),
        ("PT15M", timedelta(minutes=15)),
        ("P1DT12H30M5S", timedelta(days=1, hours=12, minutes=30, seconds=5)),
    ],
)
def test_a_duration_has_units(text, expected):
    assert parse_duration(text) == expected


@pytest.mark.parametrize("text", ["7", "1.5", "-3", "0"])
def test_a_bare_number_is_refused_because_tools_differ(text):
    with pytest.raises(ValueError) as caught:
        parse_duration(text)
    assert str(caught.value) == (
        f"{text} has no unit, and tools differ (npm counts days, pnpm minutes, bun seconds);"
        f' write "{text}d" for days or "{text}h" for hours'
    )


@pytest.mark.parametrize("text", ["3 months", "1y", "P3M", "P1Y2D", "2mo", "1 year"])
def test_months_and_years_are_refused_because_they_differ(text):
    with pytest.raises(ValueError) as caught:
        parse_duration(text)
    assert str(caught.value) == (
        f'"{text}" has no fixed length: months and years differ; write days or weeks, such as "30d" or "4w"'
    )


@pytest.mark.parametrize(
    "text", ["", "3 days", "d", "P", "PT", "P1DT", "-3d", "1.5d", "3d3d", "3D", "٣d", "3d,", "1d\n\nx"]
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError) as caught:
        parse_duration(text)
    assert str(caught.value) == f'"{text}" is not a duration; write "36h", "3d", "2w" or "P3D"'


@pytest.mark.parametrize("text", ["99999999999d", "9" * 5000 + "d", "365001d"])
def test_a_duration_beyond_what_time_can_hold_is_refused(text):
    with pytest.raises(ValueError, match="is longer than a duration can be"):
        parse_duration(text)
