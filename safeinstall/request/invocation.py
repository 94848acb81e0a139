"""What pip itself understood of the command line, its configuration and the requirement files.

The target's pip says it (``sources/pip/hosted/describe.py``); this module only turns its words into values. It knows
which of pip's options exist: one it does not know, set to anything but its default, is refused rather than guessed
about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from safeinstall.errors import RefusedError
from safeinstall.request.options import OPTIONS
from safeinstall.request.requirements import Root, parse_build_requirements, parse_roots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.facts.provenance import Publisher

COMMANDS = frozenset({"install", "download", "wheel", "lock"})

NEWEST_RULES = (26, 3)
OPTING_IN = frozenset({"==", ">=", "<=", "~=", "==="})
_FOLDER = re.compile(r"[A-Za-z0-9_.-]{1,100}")
UPGRADE_STRATEGIES = ("to-satisfy-only", "only-if-needed", "eager")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which files pip would consider, and which it prefers (pip: index/package_finder.py)."""

    tags: tuple[str, ...]
    """Supported wheel tags, most preferred first."""
    python: Version
    """Of the target: Requires-Python is compared with it."""
    no_binary: frozenset[str] = frozenset()
    only_binary: frozenset[str] = frozenset()
    prefer_binary: bool = False
    all_releases: frozenset[str] = frozenset()
    """Names, or ``:all:``, for which pre-releases are taken like finals."""
    only_final: frozenset[str] = frozenset()
    ignore_requires_python: bool = False
    uploaded_prior_to: datetime | None = None
    require_hashes: bool = False
    pip: tuple[int, ...] = NEWEST_RULES
    """Major and minor version of the target's pip: it has changed its mind about some of the rules."""

    def formats(self, name: NormalizedName) -> tuple[bool, bool]:
        """Whether (wheels, source) may be used for *name*: a name beats ``:all:`` (pip: models/format_control.py)."""
        if name in self.only_binary:
            return True, False
        if name in self.no_binary:
            return False, True
        if ":all:" in self.only_binary:
            return True, False
        if ":all:" in self.no_binary:
            return False, True
        return True, True

    @property
    def opting_in(self) -> frozenset[str] | None:
        """The operators that take pre-releases when they name one, and without which none is ever taken.

        ``None`` from pip 26.0 on: a specifier that no final version meets then takes a pre-release, whatever it names.
        """
        if self.pip >= (26, 0):
            return None
        return OPTING_IN | {"<", ">"} if self.pip >= (25, 0) else OPTING_IN

    @property
    def splits_extras(self) -> bool:
        """Whether ``a[x]<2`` also binds ``a`` by itself (pip 23.3 and later)."""
        return self.pip >= (23, 3)

    @property
    def python_first(self) -> bool:
        """Whether a candidate asks for its Python before it asks for anything else (pip 25.1 and later)."""
        return self.pip >= (25, 1)

    @property
    def takes_hashes_of_constraints(self) -> bool:
        """Whether a constraint's hashes serve a requirement, and any hash stands for a pin (pip 26.1 and later)."""
        return self.pip >= (26, 1)

    def prereleases(self, name: NormalizedName) -> bool | None:
        """Whether pre-releases of *name* are taken; ``None`` leaves it to the specifier (pip: release_control.py)."""
        if name in self.only_final:
            return False
        if name in self.all_releases:
            return True
        if ":all:" in self.only_final:
            return False
        return True if ":all:" in self.all_releases else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredSources:
    """Where pip would look, as configured. Addresses may hold credentials."""

    index_urls: tuple[str, ...]
    find_links: tuple[str, ...]
    default_index: str
    trusted_hosts: tuple[str, ...] = ()
    credentials: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedFile:
    """The one file that a lock binds a project to."""

    filename: str
    url: str
    hashes: Mapping[str, str] = field(default_factory=dict)
    index: str | None = None
    """Where the lock says that it was found."""
    size: int | None = None
    lock: str
    """The path or address of the lock, as the user gave it."""
    publishers: tuple[Publisher, ...] = ()
    """Whom the lock names as those who attested it (PEP 751, ``attestation-identities``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One judged command, as pip understood it."""

    command: str
    pip_version: str
    python: str
    """Path of the target interpreter."""
    prefix: str
    markers: Mapping[str, str]
    roots: tuple[Root, ...]
    constraints: tuple[Root, ...]
    build_constraints: tuple[Root, ...]
    """``--build-constraint``."""
    locked: Mapping[NormalizedName, LockedFile]
    """By project: the file that a ``pylock.toml`` names."""
    sources: ConfiguredSources
    selection: Selection
    upgrade_strategy: str
    installed: tuple[Mapping[str, Any], ...]
    options: Mapping[str, Any]
    externals: Mapping[str, str | None]
    outer: tuple[Root, ...] = ()
    """What the user asks for, where this is the command of a build."""
    scheme: Mapping[str, str] = field(default_factory=dict)
    """Where pip would put what a wheel holds (pip: models/scheme.py); empty where it installs nothing."""
    interpreter: str = ""
    """What decides how the target compiles a module, as the name of a folder; empty where none is to be compiled."""
    patience: Mapping[int, str] = field(default_factory=dict)
    """What pip says of a long search, by how many versions of a project (``{package_name}``) were rejected."""

    def option(self, name: str) -> Any:
        """Return pip's value of option *name*; ``None`` where this pip or command has no such option."""
        return self.options.get(name)

    def for_build(self, requirements: Sequence[str]) -> Invocation:
        """Return the command that would install *requirements* into an isolated build environment.

        pip passes its sources and its choice of formats on to builds, and no constraints but ``--build-constraint``
        (pip: build_env/installer.py).
        """
        return replace(
            self,
            command="install",
            roots=parse_build_requirements(requirements, self.markers),
            constraints=self.build_constraints,
            selection=replace(self.selection, require_hashes=False),
            upgrade_strategy=UPGRADE_STRATEGIES[0],
            installed=(),
            options={},
            interpreter="",
            outer=(*self.outer, *self.roots, *self.constraints),
        )

    @property
    def dry_run(self) -> bool:
        """Whether pip would only say what it would do."""
        return bool(self.option("dry_run"))

    @property
    def keeps_nothing(self) -> bool:
        """``--no-cache-dir``, in whatever way it is said; ``None`` is a cache that pip cannot use."""
        chosen = self.option("cache_dir")
        return chosen is not None and not chosen

    @property
    def verbosity(self) -> int:
        """Count of ``-v`` minus count of ``-q``."""
        return int(self.option("verbose") or 0) - int(self.option("quiet") or 0)

    @property
    def informs(self) -> bool:
        """Whether pip would say what is of interest alone; one ``-q`` hides that (pip: utils/logging.py)."""
        return self.verbosity >= 0

    @property
    def warns(self) -> bool:
        """Whether pip would say what it warns of; ``-qq`` hides that too."""
        return self.verbosity >= -1

    @property
    def no_dependencies(self) -> bool:
        """``--no-deps``."""
        return bool(self.option("ignore_dependencies"))

    @property
    def only_dependencies(self) -> bool:
        """``--only-deps``: what the user names is resolved and not installed."""
        return bool(self.option("only_dependencies"))

    @property
    def reinstalls(self) -> bool:
        """``--force-reinstall``: what is installed does not count as a candidate."""
        return bool(self.option("force_reinstall"))


def parse_invocation(said: Mapping[str, Any]) -> Invocation:
    """Read what the host said. Raises ``RefusedError`` for what cannot be guarded, or is not what a host says."""
    try:
        return _parsed(said)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise RefusedError(
            f"what the target's pip told of itself cannot be understood ({type(error).__name__}: {error})",
            hint="report this, with the version of that pip",
        ) from error


def _parsed(said: Mapping[str, Any]) -> Invocation:
    command, options = said["command"], said["options"]
    _refuse_unknown(command, options, said["defaults"])
    selection, sources = said["selection"], said["sources"]
    requirements = parse_roots(said["requirements"])
    return Invocation(
        command=command,
        pip_version=said["pip_version"],
        python=said["python"],
        prefix=said["prefix"],
        markers=said["markers"],
        roots=tuple(r for r in requirements if not r.constraint),
        constraints=tuple(r for r in requirements if r.constraint),
        build_constraints=parse_roots(said["build_constraints"]),
        locked=dict(_locked(said["locked"], requirements)),
        sources=_sources(sources),
        selection=_selection(
            selection, require_hashes=bool(options.get("require_hashes")), pip=Version(said["pip_version"]).release[:2]
        ),
        upgrade_strategy=_upgrade_strategy(command, options),
        installed=tuple(said["installed"]) if command == "install" else (),
        options=options,
        externals=said["externals"],
        scheme=said["scheme"],
        interpreter=said["interpreter"] if _FOLDER.fullmatch(said["interpreter"]) else "",
        patience={int(count): line for count, line in said["patience"].items()},
    )


def _locked(said: Mapping[str, Any], roots: Sequence[Root]) -> Iterator[tuple[NormalizedName, LockedFile]]:
    named = {root.name: root.lock_publishers for root in roots if root.of_lock}
    for name, file in said.items():
        project = canonicalize_name(name)
        yield project, LockedFile(**file, publishers=named.get(project, ()))


def _refuse_unknown(command: str, options: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    if command not in COMMANDS:
        raise RefusedError(f"pip {command} installs files in a way this version of safe-pip does not know")
    for name in sorted(set(options) - OPTIONS.keys()):
        if options[name] != defaults.get(name):
            raise RefusedError(
                f"pip's option --{name.replace('_', '-')} is not known to this version of safe-pip",
                hint="leave the option out, or upgrade safe-pip",
            )
    if "legacy-resolver" in (options.get("deprecated_features_enabled") or ()):
        raise RefusedError(
            "pip's legacy resolver chooses files by other rules than those that are judged",
            hint="leave out --use-deprecated=legacy-resolver",
        )


def _sources(said: Mapping[str, Any]) -> ConfiguredSources:
    return ConfiguredSources(
        index_urls=() if said["no_index"] else tuple(said["index_urls"]),
        find_links=tuple(said["find_links"]),
        default_index=said["default_index"],
        trusted_hosts=tuple(said["trusted_hosts"]),
        credentials={url: (user, password) for url, (user, password) in said["credentials"].items()},
    )


def _selection(said: Mapping[str, Any], *, require_hashes: bool, pip: tuple[int, ...]) -> Selection:
    release_control = said["release_control"] or {"all_releases": [":all:"] if said["pre"] else [], "only_final": []}
    limit = said["uploaded_prior_to"]
    return Selection(
        tags=tuple(said["tags"]),
        python=Version(".".join(str(part) for part in said["python_version"])),
        no_binary=frozenset(said["format_control"]["no_binary"]),
        only_binary=frozenset(said["format_control"]["only_binary"]),
        prefer_binary=said["prefer_binary"],
        all_releases=frozenset(release_control["all_releases"]),
        only_final=frozenset(release_control["only_final"]),
        ignore_requires_python=said["ignore_requires_python"],
        uploaded_prior_to=datetime.fromisoformat(limit) if limit else None,
        require_hashes=require_hashes,
        pip=pip,
    )


def _upgrade_strategy(command: str, options: Mapping[str, Any]) -> str:
    """Without ``-U`` pip's strategy has a name of its own (pip: commands/install.py)."""
    if command != "install" or not options.get("upgrade"):
        return UPGRADE_STRATEGIES[0]
    return str(options.get("upgrade_strategy") or UPGRADE_STRATEGIES[1])


def installed_names(rows: Sequence[Mapping[str, Any]]) -> dict[NormalizedName, Mapping[str, Any]]:
    """Index the host's rows by name; of two with one name the later wins, as in pip's factory."""
    return {canonicalize_name(row["name"]): row for row in rows if not row.get("skipped")}
