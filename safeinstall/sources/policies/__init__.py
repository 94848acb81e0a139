"""Where do policies lie, and which of them counts? Door: ``policy_files``, ``policy_texts`` and ``trust``."""
