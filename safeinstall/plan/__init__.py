"""What will be installed, and what proves that it is that. Only ``sources/files`` can build the proofs."""
