"""``safe-pip provenance``: what provenance is proved with on this machine."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.commands.parsing import CommandParser, check_is_there
from safeinstall.errors import EXIT_EVIDENCE, RefusedError, UsageError
from safeinstall.facts.values import Missing
from safeinstall.report.text import shown
from safeinstall.sources.network.http import HttpClient
from safeinstall.sources.pip.configuration import pip_http_settings
from safeinstall.sources.places.directories import state_directory
from safeinstall.sources.places.regular_files import read_regular
from safeinstall.sources.policies.policy_files import load_policy
from safeinstall.sources.provenance.extra import INSTALL, is_installed
from safeinstall.sources.provenance.roots import (
    BYTES,
    PUBLIC,
    TrustedRoot,
    bootstrap,
    keep_root,
    roots_directory,
    trusted_root,
)

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping, Sequence


def main(argv: Sequence[str], environ: Mapping[str, str], policy: str | None) -> int:
    """Run one of the commands and return its exit code."""
    arguments = _parser().parse_args(argv)
    return int(arguments.answer(arguments, environ, policy))


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="safe-pip provenance", description="The trusted root (Sigstore) that provenance is proved with."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    status = commands.add_parser(
        "status", help=f"which one is used, and of when it is. Exit {EXIT_EVIDENCE}: none can be used"
    )
    status.set_defaults(answer=_status)
    update = commands.add_parser("update-root", help="bring it up to date now (TUF)")
    update.add_argument("--url", metavar="URL", help=f"a mirror of {PUBLIC}, or the repository of an own Sigstore")
    update.add_argument("--bootstrap", metavar="FILE", help="the first root.json that an own Sigstore is trusted by")
    update.add_argument("--output", metavar="FILE", help="write it there, for `root` of a policy to name it")
    update.set_defaults(answer=_update)
    return parser


def _status(_: Namespace, environ: Mapping[str, str], policy: str | None) -> int:
    settings = load_policy(policy, environ, Path.cwd()).provenance
    found = trusted_root(settings, _directory(environ), datetime.now(timezone.utc))
    if isinstance(found, Missing):
        _write(found.reason, f"way out: {found.remedy}")
        return EXIT_EVIDENCE
    _write(*_told(found))
    return 0


def _update(arguments: Namespace, environ: Mapping[str, str], _: str | None) -> int:
    first = _first(arguments)
    try:
        from safeinstall.sources.provenance.root_updates import fetch_root  # noqa: PLC0415 - it may not be installed
    except ImportError as error:
        said = f"the libraries that prove provenance cannot be loaded: {error}"
        raise RefusedError(said, hint=f"install them: {INSTALL}") from error
    with HttpClient(pip_http_settings(environ)) as client:
        now = datetime.now(timezone.utc)
        raw = fetch_root(client, arguments.url or PUBLIC, first, _directory(environ))
    _write(*_told(_written(raw, Path(arguments.output)) if arguments.output else _kept(raw, _directory(environ), now)))
    return 0


def _first(arguments: Namespace) -> bytes:
    """Return what the repository is trusted by."""
    if not is_installed():
        raise RefusedError("the libraries that prove provenance are not installed", hint=f"install them: {INSTALL}")
    if arguments.bootstrap is None:
        return bootstrap() or b""
    if not (arguments.url and arguments.output):
        raise UsageError(
            "--bootstrap is for an own Sigstore, and needs --url and --output",
            hint="the policy then names what is written by `root` and `root-sha256` under [provenance]",
        )
    check_is_there(arguments.bootstrap, "give the path of the root.json that its operator publishes")
    try:
        return read_regular(Path(arguments.bootstrap), BYTES)
    except OSError as error:
        raise UsageError(f"{arguments.bootstrap} cannot be read: {error.strerror}") from error


def _written(raw: bytes, path: Path) -> TrustedRoot:
    try:
        path.write_bytes(raw)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", hint="name another --output") from error
    return TrustedRoot(raw, str(path), None)


def _kept(raw: bytes, directory: Path, now: datetime) -> TrustedRoot:
    try:
        root = keep_root(raw, directory, dated=now)
    except OSError as error:
        raise UsageError(f"cannot write {directory}: {error.strerror}", hint="set SAFE_PIP_STATE_DIR") from error
    if root is None:
        said = "what is kept cannot be sealed: this user has no state directory that HOME tells"
        raise RefusedError(said, hint="set HOME, or give --output FILE, for `root` of a policy to name it")
    return root


def _told(root: TrustedRoot) -> Sequence[str]:
    dated = () if root.dated is None else (f"  of        {root.dated:%Y-%m-%d}",)
    return f"the trusted root {root.origin}", *dated, f"  sha256    {root.sha256}"


def _directory(environ: Mapping[str, str]) -> Path:
    return roots_directory(state_directory(environ))


def _write(*lines: str) -> None:
    sys.stdout.write("".join(f"{shown(line)}\n" for line in lines))
