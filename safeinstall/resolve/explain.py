"""Why a resolution is impossible, in the words of the target's pip (pip: factory.py, ``get_installation_error``)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from safeinstall.errors import SafeInstallError
from safeinstall.facts.artifact import SourceKind
from safeinstall.resolve.nodes import (
    ExplicitRequirement,
    ExtrasCandidate,
    FileCandidate,
    PythonRequirement,
    SpecifierRequirement,
    project_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safeinstall.errors import Said
    from safeinstall.facts.artifact import Artifact
    from safeinstall.resolve.nodes import Candidate, Requires
    from safeinstall.resolve.preference import Information
    from safeinstall.resolve.provider import Provider

IMPOSSIBLE = (
    "ResolutionImpossible: for help visit https://pip.pypa.io/en/latest/topics/dependency-resolution/"
    "#dealing-with-dependency-conflicts"
)
HINT = (
    'HINT: You are attempting to install a package literally named "requirements.txt" (which cannot exist). Consider'
    " using the '-r' flag to install the packages listed in requirements.txt"
)
UNAVAILABLE = (
    "Additionally, some packages in these conflicts have no matching distributions available for your environment:"
)
ADVICE = (
    "To fix this you could try to:\n"
    "1. loosen the range of package versions you've specified\n"
    "2. remove package versions to allow pip {}attempt to solve the dependency conflict\n"
)

# Since when pip says it so, each as (major, minor).
TELLS_YANKED = (23, 3)
ALLOWS_TO = (24, 1)
SORTS_PYTHONS = (25, 2)
TELLS_UNAVAILABLE = (25, 3)
TELLS_FINAL = (26, 0)
TELLS_LINKS = (26, 1)
LEAVES_OUT_MARKERS = (26, 3)


def explain_conflict(provider: Provider, causes: Sequence[Information]) -> tuple[Said, ...]:
    """Return all that pip says, in its order."""
    python = [cause for cause in causes if _blames_python(cause, provider)]
    if python:
        return (("critical", _of_python(provider, python)),)
    if len(causes) == 1 and causes[0].requirement.key not in provider.constraints:
        return tuple(_of_one(provider, causes[0]))
    return tuple(_of_many(provider, causes))


def in_short(said: Sequence[Said]) -> str:
    """Return what *said* tells of the conflict, without advice: for a refusal, which gives its own.

    What newer pips say is unavailable is left out, too: they say it of every project.
    """
    told = "\n".join(text for _, text in said if text != IMPOSSIBLE)
    return told.partition(UNAVAILABLE)[0].partition(ADVICE.partition("\n")[0])[0].rstrip()


def unknown_projects(provider: Provider, causes: Sequence[Information]) -> tuple[str, ...]:
    """Return the projects that were looked for and that no source has, as they were asked for."""
    wanted = (cause.requirement for cause in causes if isinstance(cause.requirement, SpecifierRequirement))
    asked = {each.name: each.literal_name for each in wanted if each.name in provider.candidates.closed}
    return tuple(literal for name, literal in asked.items() if not provider.candidates.index.pages(name))


def _pip(provider: Provider) -> tuple[int, ...]:
    return provider.candidates.finder.selection.pip


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
    for requirement, parent in causes:
        by = "" if parent is None else _candidate(parent, provider)
        lines.append(f"{str(requirement).removeprefix('Python ')!r} (required by {by})")
    return "\n".join(lines)


def _name(candidate: Candidate | None) -> str:
    return "" if candidate is None else candidate.key


def _of_one(provider: Provider, cause: Information) -> Iterator[Said]:
    """pip: factory.py, ``_report_single_requirement_conflict``."""
    requirement, parent = cause
    text = _written(requirement, provider, single=True)
    shown = text if parent is None else f"{text} (from {_name(parent)})"
    versions, yanked = _versions(provider, requirement)
    if yanked:
        yield "critical", f"Ignored the following yanked versions: {', '.join(yanked)}"
    if pythons := _other_pythons(provider):
        told = "; ".join(pythons)
        yield "critical", f"Ignored the following versions that require a different python version: {told}"
    yield "critical", _not_found(provider, requirement, shown, versions)
    if text == "requirements.txt":
        yield "info", HINT
    yield "critical", f"No matching distribution found for {shown if _pip(provider) >= LEAVES_OUT_MARKERS else text}"


def _not_found(provider: Provider, requirement: Requires, shown: str, versions: Sequence[str]) -> str:
    selection, name = provider.candidates.finder.selection, project_of(requirement.key)
    finals = selection.pip >= TELLS_FINAL and selection.prereleases(name) is False
    files = _files(provider, requirement)
    if len(files) == 1 and files[0].lock is not None:
        if finals and files[0].version.is_prerelease:
            return (
                f"A pre-release version {files[0].version} is specified in a provided lock file for {name}"
                " but only final versions are allowed"
            )
        told = ", ".join(versions)
        return f"The requirement {shown} is not compatible with version {told} specified in a provided lock file"
    kind = "final version" if finals else "version"
    return f"Could not find a {kind} that satisfies the requirement {shown} (from versions: {_listed(versions)})"


def _listed(versions: Sequence[str]) -> str:
    return ", ".join(versions) or "none"


def _files(provider: Provider, requirement: Requires) -> list[Artifact]:
    """Return the files of what was looked for on an index: the name of a direct reference is not told to any."""
    if not isinstance(requirement, SpecifierRequirement):
        return []
    try:
        return [found.artifact for found in provider.candidates.finder.files(requirement.name)]
    except SafeInstallError:
        return []


def _versions(provider: Provider, requirement: Requires) -> tuple[list[str], list[str]]:
    """Return the versions that are there, and those of them that pip counts as yanked."""
    files = _files(provider, requirement)
    yanked = {a.version for a in files if a.yanked is not None and _pip(provider) >= TELLS_YANKED}
    plain = {a.version for a in files if a.yanked is None or _pip(provider) < TELLS_YANKED}
    return [str(v) for v in sorted(plain)], [str(v) for v in sorted(yanked)]


def _other_pythons(provider: Provider) -> list[str]:
    """Return what was left out because of its Requires-Python, of every project that was looked at, as pip does."""
    skipped = provider.candidates.finder.skipped_pythons
    asked = (name for name in provider.candidates.closed if name in skipped)
    orders = _pip(provider) >= SORTS_PYTHONS
    return sorted({_ordered(reason) if orders else reason for name in asked for reason in skipped[name]})


def _ordered(reason: str) -> str:
    """Return *reason* with its specifiers in pip's order (pip: package_finder.py, ``get_version_sort_key``)."""
    version, middle, said = reason.partition(" Requires-Python ")
    parts = sorted(part.strip() for part in said.split(",") if part.strip())
    parts.sort(key=lambda part: tuple(int(number) for number in part.split(".") if number.isdigit()))
    return f"{version}{middle}{','.join(parts)}"


def _join(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _of_many(provider: Provider, causes: Sequence[Information]) -> Iterator[Said]:
    triggers = sorted({_trigger(cause, provider) for cause in causes})
    yield (
        "critical",
        f"Cannot install {_join(triggers)} because these package versions have conflicting dependencies.",
    )
    lines = ["", "The conflict is caused by:"]
    for requirement, parent in causes:
        who = "The user requested" if parent is None else f"{_name(parent)} {parent.version} depends on"
        lines.append(f"    {who} {_shown(requirement, provider)}")
    names = sorted({cause.requirement.key for cause in causes})
    lines += [
        f"    The user requested (constraint) {_constraint(name, provider)}"
        for name in names
        if name in provider.constraints
    ]
    if _pip(provider) >= TELLS_UNAVAILABLE:
        # These pips look for candidates of no requirement at all, and so find none for any name.
        lines += ["", UNAVAILABLE, *(f"    {name}" for name in names)]
    lines += ["", ADVICE.format("to " if _pip(provider) >= ALLOWS_TO else "")]
    yield "info", "\n".join(lines)
    yield "critical", IMPOSSIBLE


def _trigger(cause: Information, provider: Provider) -> str:
    """pip: factory.py, ``describe_trigger``: who asked for the one that asks, if that is known."""
    requirement, parent = cause
    if parent is None:
        return _shown(requirement, provider)
    asked = provider.asked.get(id(parent)) if isinstance(parent, FileCandidate) else None
    return (asked and asked.by) or f"{_name(parent)}=={parent.version}"


def _constraint(name: str, provider: Provider) -> str:
    constraint = provider.constraints[project_of(name)]
    places = ", ".join(reference.text for reference in constraint.references)
    tells = places and _pip(provider) >= TELLS_LINKS
    return f"{name}{constraint.specifier}{f' (from {places})' if tells else ''}"


def _written(requirement: Requires, provider: Provider, *, single: bool) -> str:
    if not isinstance(requirement, SpecifierRequirement) or not requirement.written or not requirement.written.marker:
        return str(requirement)
    leaves_out = single and _pip(provider) >= LEAVES_OUT_MARKERS
    return str(requirement) if leaves_out else f"{requirement}; {requirement.written.marker}"


def _shown(requirement: Requires, provider: Provider) -> str:
    """pip: requirements.py, ``format_for_error``."""
    if isinstance(requirement, ExplicitRequirement):
        return _candidate(requirement.candidate, provider)
    text = _written(requirement, provider, single=False)
    is_listed = isinstance(requirement, SpecifierRequirement)
    return _join([part.strip() for part in text.split(",")]) if is_listed else text


def _candidate(candidate: Candidate, provider: Provider) -> str:
    """pip: candidates.py, ``format_for_error``."""
    if isinstance(candidate, ExtrasCandidate):
        return f"{_candidate(candidate.base, provider)} [{', '.join(sorted(candidate.extras))}]"
    if not isinstance(candidate, FileCandidate):
        return str(candidate)
    asked = provider.asked.get(id(candidate))
    editable = "editable " if asked and asked.editable else ""
    return f"{candidate} (from {editable}{_place(candidate.artifact, asked.link if asked else '')})"


def _place(artifact: Artifact, link: str) -> str:
    """pip: models/link.py, ``Link.__str__``."""
    if artifact.url.startswith("file:"):
        return unquote(urlsplit(artifact.url).path)
    if artifact.source.kind is SourceKind.DIRECT:
        return link
    page = artifact.source.url
    if artifact.source.kind is SourceKind.INDEX:
        page = f"{page.rstrip('/')}/{artifact.name}/"
    python = f" (requires-python:{artifact.requires_python})" if artifact.requires_python else ""
    return f"{artifact.url} (from {page}){python}"
