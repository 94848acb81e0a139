"""Whether pip can remove what it is about to replace: it removes each version just before it installs another."""

import logging
import os


def check_removals(found):
    """Raise pip's own error for the first installed version that pip cannot remove. Nothing is changed."""
    from pip._internal.exceptions import InstallationError, PipError
    from pip._internal.metadata import get_default_environment

    for ireq in found.requirements.values():
        if not ireq.should_reinstall:
            continue
        try:
            check_removal(get_default_environment().get_distribution(ireq.name))
        except PipError:
            raise
        except Exception as error:
            message = "Cannot uninstall %s: %s: %s" % (ireq.name, type(error).__name__, error)
            raise InstallationError(message) from error


def check_removal(dist):
    """Find out what removing *dist* would remove, as pip does, and whether that can be removed."""
    from pip._internal.req.req_uninstall import UninstallPathSet

    if dist is None:
        return
    logging.disable(logging.INFO)  # pip says it again when it removes it
    try:
        paths = UninstallPathSet.from_dist(dist)._paths
    finally:
        logging.disable(logging.NOTSET)
    for folder in sorted({os.path.dirname(path) for path in paths}):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise OSError("%s cannot be written" % folder)
