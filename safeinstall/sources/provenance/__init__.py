"""Who built a file, from which commit? Provenance objects (PEP 740) are fetched and kept here, and their claims read.

Others enter by ``index_provenance``.
"""
