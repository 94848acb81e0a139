"""Addresses as our parent has them, and those that pip takes for one."""

import os
from urllib.parse import parse_qs, urlsplit
from urllib.request import pathname2url


def address_of(link):
    """Return the address of a link of pip's without fragment; a relative path is that of the working directory."""
    if link.is_file and not os.path.isabs(link.file_path):
        # urlunsplit makes file:///x of file:x in some versions of Python, which is another file.
        return "file://" + pathname2url(os.path.join(os.getcwd(), link.file_path))
    return link.url_without_fragment


def fragment_of(link):
    """Return the fragment of a link of pip's."""
    return link.url.partition("#")[2]


def comparable(url):
    """Return a text that is equal for all addresses that pip takes for the same (models/link.py, links_equivalent).

    User and password, the order of a query's keys, keys without a value, and ``localhost`` in a ``file:`` address are
    no difference.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2] or ("localhost" if parts.scheme == "file" else "")
    return repr((parts.scheme, host, parts.path, sorted(parse_qs(parts.query).items())))


class ByAddress:
    """What our parent tells of addresses, found by whichever of their forms pip uses."""

    def __init__(self, told):
        """Keep what is *told*, by address without fragment."""
        self._told = {comparable(url): value for url, value in told.items()}

    def get(self, link):
        """Return what is told of a link of pip's; ``None`` where nothing is, or it is no link."""
        return self._told.get(comparable(address_of(link))) if link else None
