"""What is known to be vulnerable or malicious? Door: ``local`` (for a run), ``sync``, ``build``, ``database``,
``osv_dump``, ``cve_lists`` and ``changes``.
"""
