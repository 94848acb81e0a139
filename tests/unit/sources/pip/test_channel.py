from __future__ import annotations

import io

import pytest

from safeinstall.errors import RefusedError
from safeinstall.sources.pip import channel
from safeinstall.sources.pip.channel import hear


def test_messages_in_turn():
    stream = io.StringIO('{"build": []}\n{}\n')
    assert [hear(stream), hear(stream), hear(stream)] == [{"build": []}, {}, None]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("hello\n", "what is not JSON"),
        ('{"build": ', "what is not JSON"),
        ("[" * 100_000, "what is not JSON"),
        ("[]\n", "what is no JSON object"),
        ('{"x": "' + "x" * 200 + '"}\n', "a line of more than 100 characters"),
    ],
)
def test_what_is_no_message(monkeypatch, line, what):
    monkeypatch.setattr(channel, "LIMIT", 100 if "characters" in what else channel.LIMIT)
    with pytest.raises(RefusedError) as caught:
        hear(io.StringIO(line))
    assert caught.value.message == f"the pip of the target sent {what}"
