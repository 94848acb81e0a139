"""Style and scripts of the page that ``html`` writes, each a file beside this one, and dagre, a kept layout library.

``graph.js`` says what of the graph is shown, ``view.js`` zooms and pans, ``picture.js`` draws, ``list.js`` filters.
They share one page and run in the order of :data:`SCRIPTS`. What they are told comes out of the page's own table, and
goes into the picture as text only.
"""

from __future__ import annotations

from pkgutil import get_data


def _part(name: str) -> str:
    return (get_data(__name__, name) or b"").decode()


STYLE = _part("page.css")
SCRIPTS = tuple(map(_part, ("dagre.min.js", "graph.js", "view.js", "picture.js", "list.js")))
"""``dagre.min.js`` is as published (docs/dependencies.md), under the licence in ``dagre.LICENSE.txt``."""
