"""Resolution: pip's own answer, over a judged index."""
