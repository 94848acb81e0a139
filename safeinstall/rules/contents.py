"""Rule ``contents``: what a wheel installs besides itself."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from packaging.utils import canonicalize_name

from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.values import Missing
from safeinstall.facts.wheels.file_names import folded
from safeinstall.facts.wheels.path_files import (
    DECLARED,
    added_directories,
    added_directory,
    declared_packages,
    imported_modules,
    is_code,
    path_file_lines,
)
from safeinstall.rules.base import is_own_path, one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.facts.evidence import Evidence
    from safeinstall.facts.terms import StartupExemption
    from safeinstall.facts.values import Layout

# What is protected is compared as a file system does that tells neither cases nor forms of Unicode apart.
_INSTALLERS = ("pip", "safeinstall")
_HOOKS = re.compile(r"(?:site|user)customize(?:[./].*)?")
_CACHED_HOOKS = re.compile(r"__pycache__/(?:site|user)customize\..*")
_INTERPRETER = re.compile(
    r"pyvenv\.cfg|pybuilddir\.txt|modules/setup\.local|[^/]+\._pth|dlls/.+|lib(?:64)?/(?:python|pypy)[\d.]*t?/.+"
    r"|(?:lib(?:64)?/)?(?:python[\d.]*t?\.zip(?:/.*)?|libpython[\d.]*t?\.(?:so|dylib)[\d.]*)|(?:python|vcruntime)[\d_]*t?\.dll"
)
"""What tells an interpreter where its library is, or is a part of it, where an environment or its commands begin
(Python: Modules/getpath.py, PC/layout).
"""
_WINDOWS_LIBRARY = "lib/"
_BIN = "bin/"
_OWNERS = {"safe-pip": "safeinstall", "uv": "uv", "uvx": "uv", "pipx": "pipx"}
"""Whose trusted commands are, besides pip's; the others are nobody's, whatever a project is called."""
_PIP = re.compile(r"pip[\d.]*")
_COMMAND_SUFFIX = re.compile(r"\.(?:exe|bat|cmd|py)")
_MODULE_SUFFIXES = frozenset({"py", "pyw", "pyc", "so", "pyd"})
_SETTINGS = re.compile(r"pip\.(?:conf|ini)|safe-pip\.toml")
"""Files that pip and safe-pip read where an environment begins."""
_IMPORTED = sys.stdlib_module_names | {
    "pip", "setuptools", "pkg_resources", "safeinstall", "packaging", "resolvelib", "httpx", "httpcore", "h11", "anyio",
    "certifi", "idna", "platformdirs", "tomli", "cvss", "typing_extensions",
}  # fmt: skip
"""What pip, safe-pip and any other command import."""
_SHADOWING = re.compile(
    r"(?:pythonw?[\d.]*t?|pypy[\d.]*|pip[\d.]*|safe-pip|activate(?:[._].*)?|deactivate"
    r"|uvx?|pipx|env|sh|bash|dash|zsh|fish|su|sudo|doas|ssh|scp|git|gpg|curl|wget|make|docker)(?:\.(?:exe|bat|cmd|py))?"
)
_NAMESPACE = (
    r"import sys, types, os;(?:has_mfs = sys\.version_info > \(3, 5\);)?"
    r"p = os\.path\.join\(sys\._getframe\(1\)\.f_locals\['sitedir'\], \*\((?:'\w+',? ?)+\)\);"
    r"importlib = (?:has_mfs and )?__import__\('importlib\.util'\);"
    r"(?:has_mfs and )?__import__\('importlib\.machinery'\);"
    r"m = (?:has_mfs and )?sys\.modules\.setdefault\('[\w.]+', importlib\.util\.module_from_spec\("
    r"importlib\.machinery\.PathFinder\.find_spec\('[\w.]+', \[os\.path\.dirname\(p\)\]\)\)\);"
    r"m = m or sys\.modules\.setdefault\('[\w.]+', types\.ModuleType\('[\w.]+'\)\);"
    r"mp = \(m or \[\]\) and m\.__dict__\.setdefault\('__path__',\[\]\);\(p not in mp\) and mp\.append\(p\)"
    r"(?:;m and setattr\(sys\.modules\['[\w.]+'\], '\w+', m\))?"
)
"""What setuptools writes for namespace packages, since 66.1 without ``has_mfs``: only names vary, and nothing of the
package is run that is not compiled. Seldom needed.
"""
_PARENT = re.compile(r"modules\['([\w.]+)'\]")
_PLACE = re.compile(r"\*\((.+?)\)")
"""What such a line names: the package, what that lies in, and where its folder is."""
_STARTED = re.compile(
    r"\bfrom\s+([\w.]+)\s+import\b|\bimport\s+([\w.]+(?:\s*,\s*[\w.]+)*)|__import__\(\s*u?['\"]([\w.]+)", re.ASCII
)
"""What a line of a ``.pth`` file imports, also in a text that it runs."""
_COMPILED = frozenset({"so", "pyd"})
_SHOWN = 3
_LONGEST_ENTRY = 200
"""Characters of lines that are shown to be copied into a policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Deny wheels that install more than a package: code that starts by itself, or in the place of something else.

    Stops a package that nobody imports from running nevertheless, in every Python process of the environment or under
    the name of a command that is typed all day; and one package from replacing the files of another. The file is there
    and verified when this rule looks at it, so it refuses the whole run instead of taking another version, and a dry
    run, which fetches nothing, does not hear it. A path that you name yourself is not looked into.

    Options, but for the last two each a level:
        startup: what runs when an interpreter starts: a ``.pth`` file with a line of code, or with a path to something
            else than a directory of the same wheel; ``sitecustomize`` or ``usercustomize``, there as well; a file in
            the place of the standard library, or one that tells the interpreter where that is (``pyvenv.cfg``,
            ``python._pth``). The ``.pth`` files by which setuptools declared namespace packages are known and pass. A
            line that does nothing but import a module of the same wheel is denied like any other code: whoever can
            publish the wheel writes the module, too. Default: ``"deny"``.
        installer: files of ``pip`` or of safe-pip in a wheel of another name, or their configuration (``pip.conf``).
            Default: ``"deny"``.
        scripts: commands that are called like the interpreter, an installer, a shell or another tool that is trusted
            (``python``, ``pip``, ``safe-pip``, ``sudo``, ``git``): ``pip``, ``uv``, ``pipx`` and ``safe-pip`` may come
            from the projects that they are known of, the others from none; or called like a module that commands import
            (``re.py``): Python looks for modules beside the command first. Neither case nor the form of Unicode makes
            another name. Default: ``"deny"``.
        overlap: files or commands that another wheel of the same run installs too, with other contents, or files of
            another package that is installed already and stays. Honest packages do so by mistake
            (``tests/__init__.py``), or as variants of each other. Names are compared as the file system does that they
            go to. Default: ``"deny"``.
        exempt: packages that may run something at the start of an interpreter; nothing else is exempt. Tables of
            ``package`` (a selector), ``lines`` and ``reason``: with ``lines``, a ``.pth`` file may hold these, as they
            stand there and in ASCII, and nothing else is let pass; one that only imports passes while the wheel itself
            has these modules. So whoever steals the account of an exempt project cannot put other code there, nor
            leave out the condition under which the line does anything. Without ``lines``, or as a selector alone,
            whatever the package runs passes. Several entries for one package add up. A policy that extends another
            adds tables to the other's, and replaces them all by a list with a selector in it, or an empty one.
            Default: none.
        on-missing: what follows when something has to be built before it is known what it installs.

    Denied: a wheel with ``acme.pth`` and in it ``import acme.hook``: "runs code whenever Python starts: acme.pth:
    import acme.hook". Fix: find out what it is for; then use another package, or add
    ``{ package = "acme", lines = ["import acme.hook"], reason = "…" }`` to ``exempt``.
    """

    id: ClassVar[str] = "contents"
    exceptable: ClassVar[bool] = True
    needs: ClassVar[Price] = Price.CONTENTS

    startup: Level = Level.DENY
    installer: Level = Level.DENY
    scripts: Level = Level.DENY
    overlap: Level = Level.DENY
    exempt: tuple[StartupExemption, ...] = ()
    on_missing: Level | None = None

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding for each option that applies, unless its level is ``allow``."""
        layout = evidence.contents
        if is_own_path(evidence) or not self._asks(evidence):
            return
        if isinstance(layout, Missing):
            message = f"what it installs is not known: {layout.reason}"
            yield self._finding(evidence, Level.DENY, message, "", missing=True)
            return
        for option, level, message in self._found(evidence, layout):
            if level is not Level.ALLOW:
                yield self._finding(evidence, level, message, f".{option}")

    def _asks(self, evidence: Evidence) -> bool:
        """Whether anything that it may install could matter."""
        startup = Level.ALLOW if self._exempt_lines(evidence) is None else self.startup
        return any(level is not Level.ALLOW for level in (startup, self.installer, self.scripts, self.overlap))

    def _exempt_lines(self, evidence: Evidence) -> frozenset[str] | None:
        """Return the lines that the package may have; ``None`` if it may run whatever it does."""
        name, version = evidence.artifact.name, evidence.artifact.version
        own = [entry.lines for entry in self.exempt if entry.package.matches(name, version)]
        return None if None in own else frozenset(line.rstrip() for lines in own for line in lines or ())

    def _found(self, evidence: Evidence, layout: Layout) -> Iterator[tuple[str, Level, str]]:
        name = evidence.artifact.name
        commands = _commands(layout)
        exempt = self._exempt_lines(evidence)
        if exempt is not None:
            hooks = [*(f"{path}: {line}" for path, line in _lines(layout, exempt)), *_hook_files(layout)]
            if hooks:
                yield "startup", self.startup, f"runs code whenever Python starts: {_few(hooks)}"
        for other, taken_paths in self._started(name, layout).items():
            yield "startup", self.startup, f"stands where {other} imports when Python starts: {_few(taken_paths)}"
        if taken := {path: top for path, top in _installers(layout) if top != name}:
            yield "installer", self.installer, f"installs files of {min(taken.values())}: {_few([*taken])}"
        if settings := [path for path in layout.data if _SETTINGS.fullmatch(folded(path))]:
            yield "installer", self.installer, f"configures an installer: {_few(settings)}"
        if shadows := [s for s in commands if _SHADOWING.fullmatch(folded(s)) and _owner(folded(s)) != name]:
            yield "scripts", self.scripts, f"installs commands that are called like trusted ones: {_few(shadows)}"
        if modules := [script for script in commands if _is_imported_first(script)]:
            yield "scripts", self.scripts, f"commands import it in place of another module: {_few(modules)}"
        for other, paths in sorted(evidence.overlaps.items()):
            if foreign := [path for path in paths if not _is_own(name, _top(path.removeprefix("bin/")))]:
                yield "overlap", self.overlap, f"installs files that {other} installs too, but others: {_few(foreign)}"

    def _started(self, name: NormalizedName, layout: Layout) -> dict[str, list[str]]:
        """Return the files in the place of what an exempt line of another package imports, by that package."""
        owners, found = _owners(self.exempt), dict[str, list[str]]()
        for path, below in _in_libraries(layout) if owners else ():
            top = _shown_module(below)
            entries = owners.get(top, ())
            if entries and not _is_own(name, top) and not any(e.package.matches_name(name) for e in entries):
                found.setdefault(entries[0].package.pattern, []).append(path)
        return found

    def _finding(
        self, evidence: Evidence, level: Level, message: str, option: str, *, missing: bool = False
    ) -> Finding:
        release = f"{evidence.artifact.name}=={evidence.artifact.version}"
        remedy = f"look into the file, then take another version, or write an exception for {release}"
        if option == ".startup":
            remedy = self._way_to_exempt(evidence, release)
        elif not option:
            remedy = "take a wheel"
        key = f"rules.contents{option}"
        return Finding(rule=self.id, level=level, message=message, key=key, remedy=remedy, missing=missing)

    def _way_to_exempt(self, evidence: Evidence, release: str) -> str:
        layout = evidence.contents
        lines: list[str] = []
        if not isinstance(layout, Missing) and not any(True for _ in _hook_files(layout)):
            exempt = self._exempt_lines(evidence) or frozenset()
            lines = list(dict.fromkeys(line.rstrip() for _, line in _lines(layout, exempt)))
        is_short = sum(map(len, lines)) <= _LONGEST_ENTRY and all(map(str.isascii, lines))
        shown = f"lines = {json.dumps(lines)}, " if lines and is_short else ""
        entry = f'{{ package = "{release}", {shown}reason = "…" }}'
        return f"find out what it is for, then add {entry} to exempt in [rules.contents]"


def _lines(layout: Layout, exempt: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each line of a ``.pth`` file that is neither harmless nor *exempt*, and before it the file."""
    for path, text in layout.startup.items():
        for line in path_file_lines(text):
            if not _is_harmless(line, layout) and not _is_exempt(line, exempt, layout):
                yield path, line


def _hook_files(layout: Layout) -> Iterator[str]:
    """Yield each file that an interpreter reads or runs by itself, but for ``.pth`` files."""
    yield from dict.fromkeys(path for path, below in _in_libraries(layout) if _is_hook(below))
    for name in sorted(layout.declared - declared_packages(layout.startup)):  # of its own, the line is told
        yield from _installed_as(name, layout, _COMPILED)
    yield from (path for path in layout.data if _is_of_interpreter(folded(path)))
    yield from (path for path in layout.scripts if _is_of_interpreter(folded(path)))


def _is_exempt(line: str, exempt: Collection[str], layout: Layout) -> bool:
    """Whether *line* is listed, and imports nothing that another wheel could bring, if that is all that it does."""
    if line.rstrip() not in exempt or not line.isascii():
        return False
    modules = imported_modules(line) if is_code(line) else []
    return all(_is_installed(module, layout, _MODULE_SUFFIXES) for module in modules)


def _is_installed(module: str, layout: Layout, suffixes: Collection[str]) -> bool:
    """Whether the wheel has a *module*, by its dotted name, in a file of these *suffixes* where Python looks for it."""
    return any(True for _ in _installed_as(module, layout, suffixes))


def _installed_as(module: str, layout: Layout, suffixes: Collection[str]) -> Iterator[str]:
    """Yield each such file."""
    path = folded(module).replace(".", "/")
    for shown, below in _in_libraries(layout):
        folder, slash, file = below.rpartition("/")
        stem, _, suffix = file.partition(".")
        if folder + slash + stem in {path, f"{path}/__init__"} and suffix.rpartition(".")[2] in suffixes:
            yield shown


def _is_harmless(line: str, layout: Layout) -> bool:
    """Whether a line of a ``.pth`` file runs nothing, and leads to nothing but what the wheel itself holds.

    What is not ASCII is read in another way by each locale.
    """
    if is_code(line):
        return _is_namespace(line.strip(), layout)
    directory, files = added_directory(line), (*layout.modules, *layout.data)
    return line.isascii() and (not directory or any(folded(path).startswith(directory) for path in files))


def _is_namespace(line: str, layout: Layout) -> bool:
    """Whether *line* declares a namespace, and not one in the place of what Python itself or a command imports.

    Of a compiled module the library is loaded, and runs, as soon as there is a module object.
    """
    if re.fullmatch(_NAMESPACE, line, re.ASCII) is None:
        return False
    (place,) = _PLACE.findall(line)
    name = ".".join(re.findall(r"\w+", place))
    if {*DECLARED.findall(line)} != {name} or not {*_PARENT.findall(line)} <= {name.rpartition(".")[0]}:
        return False  # its modules would come from another folder
    return name.partition(".")[0] not in _IMPORTED and not _is_installed(name, layout, _COMPILED)


@lru_cache(maxsize=8)
def _owners(exempt: tuple[StartupExemption, ...]) -> Mapping[str, Sequence[StartupExemption]]:
    """Return whose exempt lines import each top module; worked out once for a policy."""
    found: dict[str, list[StartupExemption]] = {}
    for entry in exempt:
        for top in _imported_tops(entry.lines or ()):
            found.setdefault(top, []).append(entry)
    return found


def _imported_tops(lines: Iterable[str]) -> set[str]:
    """Return the top modules that *lines* import, but for those of Python's own library, which come first."""
    found = (name for line in lines for match in _STARTED.findall(line.replace("\\n", "\n")) for name in match)
    return {folded(part.strip().partition(".")[0]) for name in found for part in name.split(",")} - {
        "", *sys.stdlib_module_names
    }  # fmt: skip


def _shown_module(below: str) -> str:
    """Return the top module that Python finds by a folded path below a library, kept compiled or not."""
    folder, _, file = below.partition("/")
    return file.partition(".")[0] if folder == "__pycache__" else _module(below)


def _in_libraries(layout: Layout) -> Iterator[tuple[str, str]]:
    """Yield each file, with its folded path below every directory in which Python may look for modules.

    Where the environment begins is one with ``--target`` (pip: ``_handle_target_dir``).
    """
    added = (added_directories(layout.startup) | layout.added) - {""}
    for paths, directories in ((layout.modules, {"", *added}), (layout.data, {"", _WINDOWS_LIBRARY, *added})):
        for path in paths:
            below = folded(path)
            yield from ((path, below.removeprefix(d)) for d in sorted(directories) if below.startswith(d))


def _is_hook(below: str) -> bool:
    is_start = "/" not in below and below.endswith(".start")
    return is_start or any(hook.fullmatch(below) for hook in (_HOOKS, _CACHED_HOOKS))


def _is_of_interpreter(path: str) -> bool:
    below = path.removeprefix(_WINDOWS_LIBRARY)
    return _INTERPRETER.fullmatch(path) is not None or (below != path and _module(below) in sys.stdlib_module_names)


def _commands(layout: Layout) -> list[str]:
    """Return the commands, and what becomes one with ``--target``, where they lie in the library's own ``bin``."""
    return [*layout.scripts, *(path[len(_BIN) :] for path in layout.modules if folded(path).startswith(_BIN))]


def _installers(layout: Layout) -> Iterator[tuple[str, str]]:
    """Yield each file in the place of an installer's, and which one that is."""
    for path, below in _in_libraries(layout):
        for top in {_module(below), below}.intersection(_INSTALLERS):
            yield path, top


def _module(path: str) -> str:
    """Return the top module that Python imports from a folded *path* below a library; empty if there is none."""
    top, _, below = path.partition("/")
    stem, _, suffix = top.partition(".")
    return top if below else stem if suffix.rpartition(".")[2] in _MODULE_SUFFIXES else ""


def _top(path: str) -> str:
    return folded(path.partition("/")[0]).removesuffix(".py")


def _is_imported_first(script: str) -> bool:
    """Whether a file among the commands takes the place of a module: a command's own folder comes first on its path."""
    return _module(folded(script)) in _IMPORTED


def _owner(command: str) -> str | None:
    """Return the project that a trusted command is of, which is known beforehand: anybody may be called alike."""
    plain = _COMMAND_SUFFIX.sub("", command)
    return "pip" if _PIP.fullmatch(plain) else _OWNERS.get(plain)


def _is_own(name: str, what: str) -> bool:
    """Whether something that is called *what* belongs to a distribution called *name*: pip3.12 to pip."""
    return name in {canonicalize_name(what), canonicalize_name(what.rstrip("0123456789.")), _OWNERS.get(what)}


def _few(items: Sequence[str]) -> str:
    rest = len(items) - _SHOWN
    return ", ".join(map(one_line, items[:_SHOWN])) + (f" and {rest} more" if rest > 0 else "")
