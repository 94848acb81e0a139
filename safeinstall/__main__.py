"""``python -m safeinstall`` and the console script ``safe-pip``."""

from __future__ import annotations

import sys

from safeinstall.cli import main as run


def main() -> None:
    """Run, and exit."""
    sys.exit(run())


if __name__ == "__main__":
    main()
