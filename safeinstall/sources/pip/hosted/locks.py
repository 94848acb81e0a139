"""Locks (PEP 751): read for a pip that cannot, and written with the addresses that files really came from."""

import os
import re
import sys

from .channel import refuse
from .describe import describe_selection

PYLOCK = re.compile(r"pylock\.([^.]+\.)?toml$")
"""PEP 751, "File Name"."""


def take_locks(options):
    """Take the ``pylock.toml`` files out of ``-r`` for a pip that would misread them (before 26.1)."""
    try:
        from pip._internal.utils import pylock

        if hasattr(pylock, "select_from_pylock_path_or_url"):
            return []
    except ImportError:
        pass
    locks = [path for path in options.requirements if PYLOCK.match(os.path.basename(path))]
    options.requirements = [path for path in options.requirements if path not in locks]
    return locks


def read_lock(path, channel, finder):
    """Return the requirements of one lock, and the file that it binds each project to, as our parent reads it."""
    from pip._internal.exceptions import InstallationError
    from pip._vendor.packaging.markers import default_environment

    question = {"path": path, "markers": dict(default_environment()), "tags": describe_selection(finder)["tags"]}
    answer = channel.ask({"lock": question})
    if not answer or "problem" in answer:
        raise InstallationError((answer or {}).get("problem", "the lock %s was not read" % path))
    try:
        requirements = locked_requirements(path, answer["packages"])
    except ValueError as error:
        raise InstallationError("the lock %s cannot be used: %s" % (path, error)) from error
    return requirements, {package["name"]: package["file"] for package in answer["packages"] if package["file"]}


def locked_requirements(path, packages):
    """Return the requirements that a lock stands for."""
    from pip._internal.req.constructors import install_req_from_editable, install_req_from_line

    requirements = []
    for package in packages:
        make = install_req_from_editable if package.get("editable") else install_req_from_line
        ireq = make(package["requirement"], comes_from=path, user_supplied=True)
        ireq.safe_pip_attested = package["attested"]
        requirements.append(ireq)
        if package.get("editable"):
            continue
        file = package["file"]
        ireq.safe_pip_of_lock = True
        if file:
            ireq.hash_options = {kind: [value] for kind, value in file["hashes"].items()}
    return requirements


def listen_to_locks():
    """Note from now on, for each project that pip reads from a lock, the file that it is bound to (pip 26.1 and later).

    Neither the link nor the requirement that pip makes of it keeps the index and the size that the lock names.
    """
    from pip._internal.cli import req_command

    locked = {}
    read = getattr(req_command, "install_req_from_pylock_package", None)
    if read is None:
        return locked

    def install_req_from_pylock_package(package, file, lock, *args, **kwargs):
        made = read(package, file, lock, *args, **kwargs)
        ireq, link = made if isinstance(made, tuple) else (made, made.locked_link)
        ireq.safe_pip_of_lock = True
        ireq.safe_pip_attested = plain_identities(identities_of(package))
        if link is not None:
            locked[str(package.name)] = describe_locked(package, file, lock, ireq, link)
        return made

    req_command.install_req_from_pylock_package = install_req_from_pylock_package
    return locked


def identities_of(package):
    """Return who attested *package*, as its lock says. A pip that does not tell it cannot be guarded."""
    try:
        return package.attestation_identities
    except AttributeError:
        refuse("this pip does not tell who attested what a lock names")


def plain_identities(identities):
    """Return what a lock says of who attested a package (PEP 751), fit for JSON: what is no text is no name."""
    return [
        {key: value if isinstance(value, str) else [] for key, value in identity.items()}
        for identity in identities or ()
    ]


def describe_locked(package, file, lock, ireq, link):
    """Describe the file that *lock* binds *package* to; pip may have taken another one of it than *file*."""
    hashes = {kind: values[0] for kind, values in ireq.hash_options.items()}
    return {
        "url": link.url_without_fragment,
        "hashes": {kind: value.lower() for kind, value in hashes.items()},
        "filename": link.filename,
        "index": package.index,
        "size": file.size if dict(file.hashes) == hashes else None,
        "lock": str(lock),
    }


def let_go_of_locks(finder, requirements):
    """Let pip find what is staged, in place of what locks bind it to."""
    getattr(finder, "_locked_links", {}).clear()
    for ireq in requirements:
        if getattr(ireq, "locked_link", None) is not None:  # pip 26.1
            ireq.locked_link = ireq.locked_version = None


class LockText:
    """Standard output on which ``pip lock`` writes, with the addresses that files really came from."""

    def __init__(self, stream, addresses):
        """Write to *stream*."""
        self.stream, self.addresses = stream, addresses

    def __getattr__(self, name):
        """Be like the stream otherwise."""
        return getattr(self.stream, name)

    def write(self, text):
        """Write *text* with each staged address replaced."""
        return self.stream.write(with_addresses(text, self.addresses))


def with_addresses(text, addresses):
    """Return the text of a lock with each staged address replaced by the lines that describe the original file.

    Tables that say who attested it stand before the table of the file: both are of the package.
    """
    for staged, (lines, identities) in addresses.items():
        before, address, after = text.partition('url = "%s"' % staged)
        if not address:
            continue
        table = before.rfind("\n[") + 1
        is_of_package = before.startswith(("[[packages.wheels]]", "[packages.sdist]"), table)
        text = before[:table] + (identities if is_of_package else "") + before[table:] + lines + after
    return text


def write_lock_with_addresses(options, addresses):
    """Make ``pip lock`` write original addresses, sizes and upload times, wherever it writes to."""
    if options.output_file == "-":
        sys.stdout = LockText(sys.stdout, addresses)
        return []
    return [(options.output_file, addresses)]


def rewrite(written):
    """Put the original addresses into the lock files that pip has written."""
    for path, addresses in written:
        with open(path, encoding="utf-8") as file:
            text = with_addresses(file.read(), addresses)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
