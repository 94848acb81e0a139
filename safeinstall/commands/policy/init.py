"""``safe-pip policy init``."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING

from safeinstall.commands.policy.listed import read_listed
from safeinstall.commands.policy.output import write_file
from safeinstall.errors import UsageError
from safeinstall.policy.load import read_layer
from safeinstall.policy.merge import PolicyText
from safeinstall.policy.render import options, render_string, render_value
from safeinstall.report.text import shown
from safeinstall.sources.places.directories import state_directory
from safeinstall.sources.policies.policy_files import find_project, read_named
from safeinstall.sources.policies.policy_texts import presets, read_policy
from safeinstall.sources.policies.trust import trust

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Sequence

    from safeinstall.commands.policy import Place
    from safeinstall.commands.policy.listed import Listed
    from safeinstall.policy.layer import Layer

_HEAD = """\
# What `safe-pip install` may install in this project.
#   safe-pip policy check           is it right?
#   safe-pip policy show            everything that holds, with its origin
#   safe-pip policy explain RULE    what a rule stops, and its options
schema = 1
# What is not said here is as in this preset.
extends = {preset}
"""
_AGE = """
[rules.minimum-age]
# Stops releases of stolen accounts: most are found and removed within days. Counted for each file.
minimum = {minimum}
# A version that repairs a known vulnerability of the one you would otherwise get need not wait as long.
security-fix = {security-fix}
"""
_ALLOWED = """
[rules.allowlist]
# Nothing else may be installed: what these require has to be here, too.
packages = [
{packages}
]
"""
_HASHES = """
[rules.hashes]
# {said}
require = "{require}"
[rules.hashes.pins]
{pins}
"""
_TAIL = """
# Packages of your own, from your own index and from nowhere else:
# [[indexes]]
# name = "default"
# [[indexes]]
# name = "acme"
# url = "https://packages.acme.example/simple/"
# packages = ["acme-*"]

# One package may break one rule, for a reason, until a day. `safe-pip policy allow` writes this:
# [[exceptions]]
# package = "pillow==11.3.0"
# rules = ["vulnerability"]
# reason = "only used to write PNG"
# expires = 2027-01-31
"""


def run(arguments: Namespace, place: Place) -> int:
    """Write a first policy, short and commented. Its author need not be asked whether to trust it."""
    for file in arguments.file:
        raise UsageError(
            f"policy init does not know what {file} is for",
            hint=f"--from {file} allows what that file names; --output {file} writes the policy there",
        )
    path = place.cwd / arguments.output
    if os.path.lexists(path) and not arguments.force:
        raise UsageError(f"{arguments.output} exists", hint="--force overwrites it; --output names another file")
    if arguments.preset not in presets():
        raise UsageError(f"there is no preset {arguments.preset}", hint=f"presets: {', '.join(presets())}")
    listed, skipped = read_listed(arguments.sources)
    preset = read_named(arguments.preset, place.environ, place.cwd)
    text = starter(arguments.preset, preset, listed)
    read = partial(read_policy, cwd=place.cwd, environ=place.environ)
    read_layer(PolicyText(str(arguments.output), text), role="project", read=read)
    state_directory(place.environ)  # where trust is kept: if that is nowhere, nothing is written
    write_file(path, text)
    project = find_project(place.environ, place.cwd)
    is_own = project is not None and project.path == path.resolve()
    if project is not None and is_own:
        trust(project.path, project.layer.trust, place.environ)
    sys.stdout.writelines(f"{shown(line)}\n" for line in _told(arguments, listed, skipped, is_own=is_own))
    return 0


def starter(name: str, preset: Layer, listed: Sequence[Listed]) -> str:
    """Return a policy that extends the preset called *name* and allows what is *listed*, if anything is."""
    age = next((options(rule) for rule in preset.document.rules if rule.id == "minimum-age"), None)
    parts = [_HEAD.format(preset=render_string(name))]
    if age is not None and "security-fix" in age:
        parts.append(_AGE.format(**{key: render_value(value) for key, value in age.items()}))
    if listed:
        packages = "\n".join(f"    {render_string(str(item))}," for item in listed)
        parts.append(_ALLOWED.format(packages=packages))
        parts += _hashes(listed)
    return "".join([*parts, _TAIL])


def _hashes(listed: Sequence[Listed]) -> Iterator[str]:
    pins = [item for item in listed if item.hashes and item.pinned is not None]
    if not pins:
        return
    require, said = (
        ("pinned", "Stops every file but these.")
        if len(pins) == len(listed)
        else ("index", "Stops other files of these releases, and files that the index publishes no sha256 of.")
    )
    lines = [f'"{item.name}=={item.pinned}" = {render_value(item.hashes)}' for item in pins]
    yield _HASHES.format(said=said, require=require, pins="\n".join(lines))


def _told(arguments: Namespace, listed: Sequence[Listed], skipped: Sequence[str], *, is_own: bool) -> Iterator[str]:
    yield f"wrote {arguments.output}, which extends {arguments.preset}"
    if arguments.sources:
        pinned = sum(1 for item in listed if item.hashes and item.pinned is not None)
        yield f"allowed: {len(listed)} packages; pinned by hash: {pinned}"
    for line in skipped:
        yield f"left out, since it is no package of an index: {line}"
    if is_own:
        yield "it is trusted as it is; after a change of yours run: safe-pip policy trust"
