"""What would pip compile, and is it compiled already? Door: ``ahead`` (for a run) and ``kept`` (from earlier runs)."""
