"""Texts as they may be shown and kept: without the user names and passwords of the addresses in them."""

from __future__ import annotations

import re

_IN_ADDRESS = re.compile(r"(?<=//)(?!git@)[^/?#\s]*@")
"""The user ``git`` is no secret (PEP 610)."""
_WITHOUT_SCHEME = re.compile(r"(?<![^\s=])[^\s/:@=]+:[^\s/@]*@(?=[\w\[])")
"""``user:password@proxy.example:3128``, as ``--proxy`` takes it."""


def without_secrets(text: str) -> str:
    """Return *text* with the credentials in its addresses left out."""
    return _WITHOUT_SCHEME.sub("", _IN_ADDRESS.sub("", text))
