"""Describe what the target holds as its pip reads it: by importlib.metadata or pkg_resources, new or old.

An ordinary ``.dist-info`` is only named: our parent reads most of them never. Of whatever else there is (egg-info with
its ``requires.txt``, a single file, an egg, a link) the target's pip is asked what it takes the metadata to be.
"""

import io
import os
import pathlib

FINDERS = ("find", "find_eggs", "find_linked", "find_legacy_editables")
"""By which pip walks through one place of the path (pip: metadata/importlib/_envs.py)."""
LISTED = ("METADATA", "PKG-INFO", "")
"""Files that pip opens to learn a name."""


def describe_installed(options):
    """List what the target environment holds, in the order in which pip lets a later one win.

    What cannot be read has its ``problem``. It ``stops`` this pip where it ends the whole list of it, and is
    ``skipped`` where pip takes it for nothing that is installed.
    """
    if getattr(options, "ignore_installed", True):
        return []
    from pip._internal.metadata import get_default_environment

    environment = get_default_environment()
    with Forgiving(environment) as forgiving:
        found = list(environment.iter_installed_distributions(local_only=False))
    rows = [describe_distribution(dist, forgiving) for dist in found]
    for stops, problems in ((True, forgiving.fatal), (False, forgiving.passed_over)):
        rows += [lost(place, text, stops) for place, text in problems.items()]
    return rows


def describe_distribution(dist, forgiving):
    """Describe one distribution. What *forgiving* knows of it is told here, and no more by itself."""
    row = {"name": str(dist.canonical_name), "info": dist.info_location}
    passed_over = forgiving.passed_over.pop(row["info"], None)
    fatal = forgiving.fatal.pop(row["info"], None)
    if fatal:
        return dict(row, problem=fatal, stops=True)
    for path in files_of(row["info"]):
        if is_special(path):  # whoever opens it may wait for ever
            return dict(row, problem="%s: is no file" % path)
    try:
        if passed_over is None and is_ordinary(row["info"]):
            return dict(row, version=named_version(dist))
        problem = passed_over or lacking(row["info"])
        told = {"problem": problem} if problem else {}
        return dict(row, version=raw_version(dist), metadata=header(dist), editable=bool(dist.editable), **told)
    except Exception as error:
        return dict(row, problem=undecodable(row["info"]) or explained(row["info"], error))


def lost(place, problem, stops):
    """Describe what pip did not list, by the name of its file or directory if that has one."""
    stem, kind = os.path.splitext(os.path.basename(place))
    name = stem.split("-")[0] if kind in (".dist-info", ".egg-info", ".egg-link") else None
    return {"name": name, "info": place if name else None, "problem": problem, "stops": stops, "skipped": True}


def is_ordinary(info):
    """Whether what pip reads of *info* is its METADATA, and nothing else."""
    if not info or not info.endswith(".dist-info") or not os.path.isdir(info):
        return False
    names, path = os.listdir(info), os.path.join(info, "METADATA")  # listed, so that a dry run sees when that changes
    return "requires.txt" not in names and os.path.isfile(path) and os.access(path, os.R_OK)


def is_special(path):
    """Whether *path* is a pipe, a socket or a device."""
    return os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path))


def lacking(info):
    """Say which file is not there, or is none, of a new installation that pip takes for one all the same."""
    path = os.path.join(info or "", "METADATA")
    if path.endswith(".dist-info/METADATA") and not (os.path.isfile(path) and os.access(path, os.R_OK)):
        return "%s: %s" % (path, why_not_read(path))
    return None


def named_version(dist):
    """Return the version that pip takes from the name of a directory; ``None`` where it does not."""
    if not hasattr(dist, "_info_location"):  # pip reads by pkg_resources
        return dist._dist.version
    try:
        from pip._internal.metadata.importlib._compat import parse_name_and_version_from_info_directory
    except ImportError:
        return None
    return parse_name_and_version_from_info_directory(dist._dist)[1] or None


def raw_version(dist):
    """Return the version as it is written: newer pips raise an error for one that is not PEP 440."""
    return named_version(dist) or dist._dist.version


def header(dist):
    """Return the fields of the metadata, among them what pip has made of ``requires.txt``, without the description."""
    fields = [(key, " ".join(str(value).split())) for key, value in dist.metadata.items()]
    return "".join("%s: %s\n" % field for field in fields if field[0].lower() != "description")


def explained(place, error):
    """Say of which file *error* speaks, and what it is."""
    name = getattr(error, "filename", None) or place
    if isinstance(error, UnicodeDecodeError):
        return "%s: not UTF-8 (byte %d)" % (place, error.start)
    return "%s: %s" % (name, getattr(error, "strerror", None) or error)


def undecodable(info):
    """Say which file of *info* is not UTF-8, if one is."""
    return next(filter(None, map(why_undecodable, files_of(info))), None)


def why_undecodable(path):
    """Say so if *path* is a file, and not UTF-8."""
    try:
        with open(path, encoding="utf-8") as file:
            file.read()
    except UnicodeDecodeError as error:
        return explained(path, error)
    except OSError:
        return None


def files_of(info):
    """Return which files pip reads to learn what a distribution is and requires; itself, where it is one."""
    return [os.path.join(info, name) for name in ("METADATA", "PKG-INFO", "requires.txt")] + [info] if info else []


class Forgiving:
    """Lets pip list all that can be read, and keeps what cannot."""

    def __init__(self, environment):
        """Begin with no problem. *environment* is pip's."""
        self.environment = environment
        self.fatal = {}
        """By place: what would have ended the list."""
        self.passed_over = {}
        """By place: what pip finds nothing in without a word, though there is something."""
        self.before = []

    def __enter__(self):
        """Replace what reads, for as long as the list is made."""
        # Else pip reads by pkg_resources, which opens nothing to make a list. There the other module may not
        # be importable: with Python 3.7, and 3.9 with pip 25.0.
        if ".importlib" not in type(self.environment).__module__:
            return self
        from importlib.metadata import PathDistribution

        from pip._internal.metadata.importlib._envs import _DistributionFinder

        self.replace(PathDistribution, "read_text", self.read_text)
        self.replace(pathlib.Path, "open", self.open_link)
        for name in FINDERS:
            if hasattr(_DistributionFinder, name):
                self.replace(_DistributionFinder, name, self.walk)
        return self

    def __exit__(self, *_):
        """Put everything back."""
        for owner, name, original in self.before:
            setattr(owner, name, original)

    def replace(self, owner, name, forgiven):
        """Let *forgiven*, which is given the original, make the method that takes its place."""
        original = getattr(owner, name)
        self.before.append((owner, name, original))
        setattr(owner, name, forgiven(original))

    def walk(self, find):
        """What ends the walk through one place of the path ends no other."""

        def walk(finder, location):
            try:
                for dist in find(finder, location):
                    yield dist
            except (OSError, ValueError) as error:
                path = str(error).rpartition(" at path: ")[2]  # pkg_resources says so
                place = os.path.dirname(path) if os.path.isabs(path) else location
                self.fatal.setdefault(place, explained(path if place != location else location, error))

        return walk

    def read_text(self, read):
        """A file that cannot be read says the name that its directory says."""

        def read_text(dist, filename):
            place, path = str(dist._path), str(dist._path.joinpath(filename))
            try:
                text = read(dist, filename)
            except (OSError, ValueError) as error:
                if filename not in LISTED:
                    raise
                self.fatal[place] = explained(path, error)
                return "Name: %s\n" % os.path.splitext(os.path.basename(place))[0].split("-")[0]
            if text is None and filename in LISTED[:2] and os.path.lexists(path):
                self.passed_over[place] = "%s: %s" % (path, why_not_read(path))
            return text

        return read_text

    def open_link(self, original):
        """A link that cannot be read leads nowhere."""

        def open_link(path, *args, **kwargs):
            if path.suffix != ".egg-link":
                return original(path, *args, **kwargs)
            try:
                with original(path, *args, **kwargs) as file:
                    return io.StringIO(file.read())
            except (OSError, ValueError) as error:
                self.fatal[str(path)] = explained(str(path), error)
                return io.StringIO("")

        return open_link


def why_not_read(path):
    """Say why nothing was read of a file."""
    if not os.path.lexists(path):
        return "there is no such file"
    return "Permission denied" if os.path.isfile(path) else "is no file"
