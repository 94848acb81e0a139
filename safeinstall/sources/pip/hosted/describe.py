"""Describe what pip understood of a command."""

import os
import sys
import tempfile

from .addresses import address_of, fragment_of
from .installed import describe_installed
from .installing.bytecode import way


def plain(value):
    """Make one option's value fit for JSON."""
    if hasattr(value, "no_binary"):
        return {"no_binary": sorted(value.no_binary), "only_binary": sorted(value.only_binary)}
    if hasattr(value, "only_final"):
        return {"all_releases": sorted(value.all_releases), "only_final": sorted(value.only_final)}
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(str(item) for item in value)
    return value


def describe_link(link):
    """Describe a direct reference as pip understood it."""
    if link is None:
        return None
    return {
        "url": address_of(link),
        "fragment": fragment_of(link),
        "filename": link.filename,
        "vcs": bool(link.is_vcs),
        "path": os.path.join(os.getcwd(), link.file_path) if link.is_file else None,
        "directory": bool(link.is_existing_dir()) if link.is_file else False,
    }


def describe_requirement(ireq):
    """Describe one requirement or constraint as pip understood it."""
    return {
        "requirement": None if ireq.req is None else str(ireq.req),
        "name": ireq.name,
        "specifier": "" if ireq.req is None else str(ireq.req.specifier),
        "extras": sorted(ireq.extras),
        "link": describe_link(ireq.link),
        "applies": bool(ireq.match_markers()),
        "editable": bool(ireq.editable),
        "constraint": bool(ireq.constraint),
        "user_supplied": bool(ireq.user_supplied),
        "hashes": {name: list(values) for name, values in (ireq.hash_options or {}).items()},
        "of_lock": getattr(ireq, "safe_pip_of_lock", False),
        "attested": getattr(ireq, "safe_pip_attested", []),
        "origin": "" if ireq.comes_from is None else str(ireq.comes_from),
    }


def describe_build_constraints(options, finder, session):
    """Describe what ``--build-constraint`` files hold (pip 25.3 and later)."""
    files = getattr(options, "build_constraints", None)
    if not files:
        return []
    from pip._internal.cli.req_command import parse_constraint_files

    return [describe_requirement(ireq) for ireq in parse_constraint_files(files, finder, options, session)]


def describe_sources(finder, session):
    """Describe where pip would look, with the credentials that pip itself finds (URL, netrc)."""
    from pip._internal.models.index import PyPI

    credentials = {}
    for url in list(finder.index_urls) + list(finder.find_links):
        if url.startswith(("http:", "https:")):
            _, user, password = session.auth._get_url_and_credentials(url)
            credentials[url] = [user, password]
    return {
        "index_urls": list(finder.index_urls),
        "find_links": list(finder.find_links),
        "no_index": bool(getattr(finder.search_scope, "no_index", False)),
        "default_index": PyPI.simple_url,
        "trusted_hosts": list(finder.trusted_hosts),
        "credentials": credentials,
    }


def find_credentials(session, url):
    """Return user and password for an address that was answered with 401, where pip would find them (the keyring)."""
    auth = session.auth
    try:
        user, password = auth._get_new_credentials(
            url, allow_netrc=False, allow_keyring=getattr(auth, "use_keyring", True)
        )
    except Exception:
        return None
    return [user, password] if user or password else None


def describe_selection(finder):
    """Describe which files pip would consider and prefer."""
    prefs, target = finder._candidate_prefs, finder._target_python
    tags = target.get_sorted_tags() if hasattr(target, "get_sorted_tags") else target.get_tags()
    release_control = getattr(prefs, "release_control", None)
    return {
        "tags": [str(tag) for tag in tags],
        "python_version": list(target.py_version_info[:3]),
        "format_control": plain(finder.format_control),
        "prefer_binary": bool(prefs.prefer_binary),
        "release_control": None if release_control is None else plain(release_control),
        "pre": bool(getattr(prefs, "allow_all_prereleases", False)),
        "ignore_requires_python": bool(finder._ignore_requires_python),
        "uploaded_prior_to": plain(getattr(finder, "_uploaded_prior_to", None)),
    }


def describe_scheme(command, options):
    """Say where pip would put what a wheel holds, by pip's own names; nothing where it installs nothing.

    With ``--target`` that is a new temporary directory, whose contents pip moves in the end.
    """
    if command.name != "install" or options.dry_run:
        return {}
    from pip._internal.locations import get_scheme

    scheme = get_scheme(
        "",
        user=bool(options.use_user_site),
        home=options.target_dir and os.path.join(tempfile.gettempdir(), "pip-target-%d" % os.getpid()),
        root=options.root_path,
        isolated=options.isolated_mode,
        prefix=options.prefix_path,
    )
    return {key: getattr(scheme, key) for key in ("platlib", "purelib", "headers", "scripts", "data")}


def describe_interpreter(command, options):
    """Name what decides how a module is compiled; empty where pip compiles none."""
    if command.name != "install" or options.dry_run or not options.compile:
        return ""
    return way()


def describe_patience():
    """Return what this pip says of a long search, by how many versions of a project it has looked at in vain."""
    try:
        from pip._internal.resolution.resolvelib.reporter import PipReporter

        return {str(count): str(line) for count, line in PipReporter()._messages_at_reject_count.items()}
    except (ImportError, AttributeError, TypeError):
        return {}  # then nothing is said of it


def describe(command, args, options, finder, session, requirements):
    """Describe the whole run, as far as pip has understood it."""
    import pip
    from pip._vendor.packaging.markers import default_environment

    parser = command.parser
    return {
        "pip_version": pip.__version__,
        "python": sys.executable,
        "prefix": sys.prefix,
        "markers": dict(default_environment()),
        "command": command.name,
        "args": list(args),
        "options": {name: plain(value) for name, value in vars(options).items()},
        "defaults": {o.dest: plain(parser.defaults.get(o.dest)) for o in parser.option_list_all if o.dest},
        "requirements": [describe_requirement(ireq) for ireq in requirements],
        "build_constraints": describe_build_constraints(options, finder, session),
        "installed": describe_installed(options),
        "scheme": describe_scheme(command, options),
        "sources": describe_sources(finder, session),
        "selection": describe_selection(finder),
        "interpreter": describe_interpreter(command, options),
        "patience": describe_patience(),
        "externals": {name: os.environ.get(name) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")},
    }
