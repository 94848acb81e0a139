"""What is kept of a run, and who is told? Door: ``receipts`` and ``forward``."""
