"""Why a resolution is impossible, in pip's words (pip: factory.py, ``get_installation_error``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeinstall.errors import SafeInstallError
from safeinstall.resolve.nodes import PYTHON, PythonRequirement, SpecifierRequirement, project_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeinstall.resolve.nodes import Candidate, Requires
    from safeinstall.resolve.preference import Information
    from safeinstall.resolve.provider import Provider


def explain_conflict(provider: Provider, causes: Sequence[Information]) -> str:
    """Return the whole message, as lines."""
    python = [cause for cause in causes if _blames_python(cause, provider)]
    if python:
        return _of_python(provider, python)
    if len(causes) == 1 and project_of(causes[0].requirement.key) not in provider.constraints:
        return _of_one(provider, causes[0])
    return _of_many(provider, causes)


def _blames_python(cause: Information, provider: Provider) -> bool:
    requirement = cause.requirement
    return isinstance(requirement, PythonRequirement) and not requirement.specifier.contains(
        provider.rules.python, prereleases=True
    )


def _of_python(provider: Provider, causes: Sequence[Information]) -> str:
    version = provider.rules.python
    if len(causes) == 1:
        specifier = str(causes[0].requirement).removeprefix("Python ")
        return f"Package {_name(causes[0].parent)!r} requires a different Python: {version} not in {specifier!r}"
    lines = [f"Packages require a different Python. {version} not in:"]
    lines += [f"{str(cause.requirement).removeprefix('Python ')!r} (required by {cause.parent})" for cause in causes]
    return "\n".join(lines)


def _name(candidate: Candidate | None) -> str:
    return "" if candidate is None else candidate.key


def _of_one(provider: Provider, cause: Information) -> str:
    requirement, parent = cause
    shown = str(requirement) if parent is None else f"{requirement} (from {_name(parent)})"
    name = project_of(requirement.key)
    versions, yanked, pythons = _versions(provider, requirement)
    lines = []
    if yanked:
        lines.append(f"Ignored the following yanked versions: {', '.join(yanked)}")
    if pythons:
        lines.append(f"Ignored the following versions that require a different python version: {'; '.join(pythons)}")
    found = ", ".join(versions) or "none"
    lines.append(f"Could not find a version that satisfies the requirement {shown} (from versions: {found})")
    lines.append(f"No matching distribution found for {shown}")
    if name == "requirements-txt":
        lines.append('"requirements.txt" names a package here; to install from that file, use: -r requirements.txt')
    return "\n".join(lines)


def _versions(provider: Provider, requirement: Requires) -> tuple[list[str], list[str], list[str]]:
    name = project_of(requirement.key)
    if not isinstance(requirement, SpecifierRequirement):
        return [], [], []
    try:
        files = [found.artifact for found in provider.candidates.finder.files(name)]
    except SafeInstallError:
        return [], [], []
    plain = sorted({a.version for a in files if a.yanked is None})
    yanked = sorted({a.version for a in files if a.yanked is not None})
    pythons = list(provider.candidates.finder.skipped_pythons.get(name, ()))
    return [str(v) for v in plain], [str(v) for v in yanked], pythons


def _join(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _of_many(provider: Provider, causes: Sequence[Information]) -> str:
    triggers = {
        str(requirement) if parent is None else f"{_name(parent)}=={parent.version}" for requirement, parent in causes
    }
    lines = [
        f"Cannot install {_join(sorted(triggers))} because these package versions have conflicting dependencies.",
        "",
        "The conflict is caused by:",
    ]
    for requirement, parent in causes:
        who = "The user requested" if parent is None else f"{_name(parent)} {parent.version} depends on"
        lines.append(f"    {who} {requirement}")
    names = {project_of(cause.requirement.key) for cause in causes if cause.requirement.key != PYTHON}
    lines += [
        f"    The user requested (constraint) {name}{provider.constraints[name].specifier}"
        for name in sorted(names & provider.constraints.keys())
    ]
    return "\n".join(dict.fromkeys(lines))
