import io
import sys

import pytest

from safeinstall.sources.network.progress import progress_line


@pytest.mark.parametrize(("looked_at", "expected"), [(True, "\r\x1b[KP: a\r\x1b[KP: b\r\x1b[K"), (False, "")])
def test_a_line_is_shown_to_a_person_alone_and_is_gone_at_the_end(monkeypatch, looked_at, expected):
    stream = io.StringIO()
    stream.isatty = lambda: looked_at
    monkeypatch.setattr(sys, "stderr", stream)

    with progress_line("P: ") as show:
        show("a")
        show("b")

    assert stream.getvalue() == expected
