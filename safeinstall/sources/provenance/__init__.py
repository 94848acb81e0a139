"""Who built a file, from which commit: what its index says of it (PEP 740), and what is proved of that.

Doors: ``index_provenance`` (what is fetched and kept, and its claims), ``verification`` (proof), ``roots`` (what it is
proved with), ``root_updates``, ``extra`` (whether it can be). Only ``proving`` and ``root_updates`` know the libraries
of the extra ``provenance``; nothing here loads them before something is to be proved that was not proved before.
"""
