"""What does an index offer? Door: ``index``, ``routes`` (who is asked), ``locked``, ``references``, ``popular_names``,
``page_cache``, ``project_page`` and ``clock``.
"""
