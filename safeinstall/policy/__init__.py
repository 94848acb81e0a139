"""The policy: TOML text in, a checked :class:`Policy` out."""
