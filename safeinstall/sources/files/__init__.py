"""How does a file come here, and who may open it? Door: ``fetch`` (the only maker of ``VerifiedBytes`` and
``VerifiedPlan``), ``ahead``, ``file_metadata``, ``stage``, and the caches ``download_cache`` and ``metadata_cache``.
"""
