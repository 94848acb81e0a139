"""Run the target's own pip, and stop it where it would start to look for files.

This file runs inside the *target* interpreter (any Python and pip from 23.1 on), started by ``sources/pip.py``; it
imports nothing of ours. pip parses the command, its configuration and the requirement files itself, makes every check
it makes, and calls ``get_requirements``. There we describe to our parent what pip understood, and wait. Either the
parent answers with a private index that holds only judged files, and pip goes on over that index alone; or pip is told
to leave.

So pip starts once, its options are never translated, and what it prints and leaves behind is its own.
"""

import json
import os
import re
import signal
import sys

OLDEST_PIP = (23, 1)
JUDGED = ("install", "download", "wheel", "lock")
REFUSED = 13
GUARD = "safe-pip guard:"
"""How the values begin that ``safe-pip guard`` writes into pip's configuration to stop a pip that is not hosted."""
STOPS = (signal.SIGINT, signal.SIGTERM)
"""Held back by our parent until we go on: until then it is the one to be stopped, and we leave when it does."""
REWRITTEN = []
"""Lock files that are to be rewritten when pip has ended: path, and addresses."""
PYLOCK = re.compile(r"pylock\.([^.]+\.)?toml$")
"""PEP 751, "File Name"."""
BACKEND_CALLERS = (
    "pip._internal.utils.subprocess",
    "pip._internal.build_env",
    "pip._internal.build_env.installer",
    "pip._internal.wheel_builder",
    "pip._internal.operations.build.metadata_legacy",
    "pip._internal.operations.build.wheel_legacy",
    "pip._internal.operations.install.editable_legacy",
)
"""Modules that call build backends, or the pip that installs build requirements; none of them calls a VCS."""
BUILD_ENVIRONMENTS = (
    ("pip._internal.build_env", "BuildEnvironment"),
    ("pip._internal.build_env.virtual", "VirtualBuildEnvironment"),
    ("pip._internal.build_env.venv", "VenvBuildEnvironment"),
)
KEPT_VARIABLES = ("PIP_BUILD_TRACKER",)
"""Set by the running pip for itself; it removes them at its end."""
BOOT = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; f = sys.argv[1]; "
    "exec(compile(open(f, encoding='utf-8').read(), f, 'exec'), {'__name__': 'safe_pip_host'})"
)


def stop_once(number, frame):
    """Stop as pip stops for Ctrl-C, and let nothing disturb it while it undoes what it can."""
    for each in STOPS:
        signal.signal(each, lambda *_: None)  # not SIG_IGN, which what pip starts would inherit
    raise KeyboardInterrupt


def hear_stops():
    """Be open to Ctrl-C from here on."""
    for each in STOPS:
        signal.signal(each, stop_once)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


class Channel:
    """Lines of JSON over two pipes. Without a parent (a command that is not judged) nothing can be approved."""

    def __init__(self, read_fd, write_fd):
        """Keep both ends."""
        self.read_fd, self.write_fd = read_fd, write_fd

    def ask(self, message):
        """Send *message* and wait for the answer; ``None`` when there is nobody to answer."""
        if self.write_fd < 0:
            return None
        try:
            with os.fdopen(os.dup(self.write_fd), "w", encoding="utf-8") as out:
                out.write(json.dumps(message, default=str) + "\n")
            with os.fdopen(os.dup(self.read_fd), encoding="utf-8") as answers:
                text = answers.readline()
        except OSError:
            return None
        return json.loads(text) if text else None


class LentPip:
    """Find ``pip`` in our own environment, for a target that has none (pip: __pip-runner__.py does the same)."""

    def __init__(self, folder):
        """Keep the folder that holds our pip."""
        from importlib.machinery import PathFinder

        self.folder, self.finder = folder, PathFinder

    def find_spec(self, fullname, path=None, target=None):
        """Answer for ``pip`` alone."""
        return self.finder.find_spec(fullname, [self.folder], target) if fullname == "pip" else None


def refuse(message):
    """Say why this pip cannot be guarded, and leave before it does anything."""
    sys.stderr.write("safe-pip: refused: %s\nsafe-pip: nothing was installed (exit %d)\n" % (message, REFUSED))
    sys.stderr.flush()
    os._exit(REFUSED)


def release(version):
    """Return the first two numbers of a version."""
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def own_pip():
    """Return the version of the target's own pip, read and not imported; empty where there is none."""
    from importlib.util import find_spec

    spec = find_spec("pip")
    if spec is None or not spec.origin:
        return ""
    with open(spec.origin, encoding="utf-8", errors="replace") as file:
        found = re.search(r"^__version__ = ['\"]([^'\"]+)['\"]", file.read(), re.MULTILINE)
    return found.group(1) if found else "of an unknown version"


def import_pip(lent_folder):
    """Import the target's pip, or else the lent one. An unknown pip is refused, not guessed."""
    own = own_pip()
    if not own or () < release(own) < OLDEST_PIP:
        if not lent_folder:
            have = "pip %s, which is older than 23.1" % own if own else "no pip"
            refuse("%s has %s, and there is none to lend" % (sys.executable, have))
        sys.meta_path.insert(0, LentPip(lent_folder))
    try:
        import pip

        if release(pip.__version__) < OLDEST_PIP:
            refuse("pip %s, lent to %s, is older than 23.1" % (pip.__version__, sys.executable))
        import pip._internal.cli.main as cli_main
        from pip._internal import commands
        from pip._internal.cli import main_parser

        for needed in (commands.create_command, main_parser.identify_python_interpreter):
            if not callable(needed):
                raise TypeError("%r cannot be called" % needed)
    except (Exception, SystemExit) as error:
        refuse("the pip of %s cannot be read (%s: %s)" % (sys.executable, type(error).__name__, error))
    return cli_main, main_parser, commands


def retarget_by_exec(main_parser, argv_of_ours, neutral):
    """Make pip's ``--python`` start this file, not pip, in the interpreter that it found."""
    find = main_parser.identify_python_interpreter

    def identify(python):
        interpreter = find(python)
        if interpreter is None:
            return
        os.environ["_PIP_RUNNING_IN_SUBPROCESS"] = "1"
        interpreter = os.path.abspath(interpreter)
        os.chdir(neutral)
        os.execv(interpreter, [interpreter, "-c", BOOT] + argv_of_ours)

    main_parser.identify_python_interpreter = identify


def pass_over_guard():
    """Read pip's configuration as if ``safe-pip guard`` had written nothing into it."""
    from pip._internal.configuration import Configuration

    read = getattr(Configuration, "_normalized_keys", None)
    if read is None:
        return  # then this pip stops at what the guard wrote, like any other

    def normalized_keys(self, section, items):
        return read(self, section, [(name, value) for name, value in items if not value.startswith(GUARD)])

    Configuration._normalized_keys = normalized_keys


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
        "url": link.url_without_fragment,
        "fragment": link.url[len(link.url_without_fragment) + 1 :],
        "filename": link.filename,
        "vcs": bool(link.is_vcs),
        "path": link.file_path if link.is_file else None,
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
        "origin": "" if ireq.comes_from is None else str(ireq.comes_from),
    }


def describe_build_constraints(options, finder, session):
    """Describe what ``--build-constraint`` files hold (pip 25.3 and later)."""
    files = getattr(options, "build_constraints", None)
    if not files:
        return []
    from pip._internal.cli.req_command import parse_constraint_files

    return [describe_requirement(ireq) for ireq in parse_constraint_files(files, finder, options, session)]


def describe_installed(options):
    """List what the target environment holds, in the order in which pip lets a later one win."""
    if getattr(options, "ignore_installed", True):
        return []
    from pip._internal.metadata import get_default_environment

    rows = []
    for dist in get_default_environment().iter_installed_distributions(local_only=False):
        row = {"name": str(dist.canonical_name), "info": dist.info_location}
        if row["info"] is None or not os.path.exists(row["info"]):
            row["metadata"] = dist.metadata.as_string()
        rows.append(row)
    return rows


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
        "sources": describe_sources(finder, session),
        "selection": describe_selection(finder),
        "externals": {name: os.environ.get(name) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")},
    }


def leave(options):
    """End this pip quietly. pip's own clean-up of its temporary files still runs."""
    import logging

    options.disable_pip_version_check = True  # it would ask the index on the way out
    logging.disable(logging.CRITICAL)
    raise KeyboardInterrupt


def confine(command, answer, options, finder, session):
    """Shut off every source but the staged index, for this pip and for what it starts."""
    from pip._internal.models.search_scope import SearchScope

    places = finder.search_scope.get_formatted_locations()
    command.trace_basic_info = lambda _finder: None
    if places and not answer.get("nested"):
        import logging

        logging.getLogger("pip._internal.cli.req_command").info(places)
    scope = {"find_links": [], "index_urls": [answer["index"]], "no_index": False}
    finder.search_scope = SearchScope.create(**scope)
    getattr(finder, "_locked_links", {}).clear()
    for name in [name for name in os.environ if name.startswith(("PIP_", "_PIP_")) and name not in KEPT_VARIABLES]:
        del os.environ[name]
    os.environ.update(
        PIP_CONFIG_FILE=os.devnull, PIP_NO_INPUT="1", PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONSAFEPATH="1"
    )
    for name, value in answer["options"].items():
        setattr(options, name, value)
    speak_of_index(answer["index"].rpartition("/")[0], answer["downloaded"])
    isolate_builds(list(answer["isolation"]))
    hold_to_commits(answer["commits"])
    serve_verified(session, answer["files"])


def serve_verified(session, files):
    """Answer what pip asks of the network with the verified files on disk, by their addresses, and nothing else."""
    from pip._internal.utils.urls import path_to_url

    send, places = session.send, {as_requested(url): path_to_url(path) for url, path in files.items()}

    def send_if_planned(request, **kwargs):
        if not request.url.startswith("file:"):
            place = places.get(as_requested(request.url))
            if place is None:
                raise RuntimeError("safe-pip: pip asked for %s, which is not in the plan" % request.url)
            request.url = place
        return send(request, **kwargs)

    session.send = send_if_planned


def as_requested(url):
    """Return *url* as it is in a request: quoted again, and without credentials and fragment."""
    from urllib.parse import urlsplit

    from pip._internal.utils.misc import split_auth_from_netloc
    from pip._vendor.requests import PreparedRequest

    request = PreparedRequest()
    request.prepare_url(url, None)
    parts = urlsplit(request.url)
    return parts._replace(netloc=split_auth_from_netloc(parts.netloc)[0], fragment="").geturl()


def isolate_builds(prefix):
    """Start build backends, and the pips that fill their environments, under the command *prefix* (no network)."""
    from importlib import import_module

    for name in BACKEND_CALLERS:
        try:
            module = import_module(name)
            call = module.call_subprocess
        except (ImportError, AttributeError):
            continue  # not in this version of pip
        # The default binds this turn's function.
        module.call_subprocess = lambda cmd, *args, call=call, **kwargs: call(prefix + list(cmd), *args, **kwargs)


def judge_build_requirements(channel):
    """Ask the parent for the requirements of each isolated build, before pip looks for them on the stage."""
    for environment in build_environments():
        install = environment.install_requirements

        def install_requirements(self, *args, install=install, **kwargs):
            wanted = kwargs.get("requirements")
            if wanted is None:
                wanted = next(a for a in args if not isinstance(a, str) and not hasattr(a, "find_links"))
            wanted = [str(requirement) for requirement in wanted]
            answer = channel.ask({"build": wanted}) if wanted else {"staged": True}
            if not answer or not answer.get("staged"):
                from pip._internal.exceptions import InstallationError

                raise InstallationError("safe-pip did not allow the build requirements: %s" % ", ".join(wanted))
            return install(self, *args, **kwargs)

        environment.install_requirements = install_requirements


def build_environments():
    """Return pip's classes of isolated build environments; one that cannot be found is refused."""
    from importlib import import_module

    found = []
    for module, name in BUILD_ENVIRONMENTS:
        try:
            found.append(getattr(import_module(module), name))
        except (ImportError, AttributeError):  # noqa: PERF203 - three turns
            continue
    if not found or not all(hasattr(environment, "install_requirements") for environment in found):
        refuse("the builds of this pip cannot be guarded")
    return found


def hold_to_commits(commits):
    """Refuse a repository that is not, when pip checks it out, at the commit that was judged."""
    from pip._internal.exceptions import InstallationError
    from pip._internal.models.link import Link
    from pip._internal.vcs.versioncontrol import VersionControl

    obtain = VersionControl.obtain

    def obtain_judged(self, dest, url, *args, **kwargs):
        obtain(self, dest, url, *args, **kwargs)
        expected = commits.get(Link(url.secret).url_without_fragment)
        if expected and self.get_revision(dest) != expected:
            raise InstallationError("safe-pip: %s has moved on from %s, which was judged" % (url, expected))

    VersionControl.obtain = obtain_judged


def speak_of_index(stage, downloaded):
    """Let pip speak of a staged file as of one that it had in its cache, or has *downloaded*, not of where it lies."""
    import logging

    from pip._internal.operations.prepare import RequirementPreparer
    from pip._internal.utils.misc import format_size

    def tell_of_download(record):
        if record.msg == "Using cached %s" and record.args and record.args[0] in downloaded:
            name = record.args[0]
            record.msg, record.args = "Downloading %s (%s)", (name, format_size(downloaded[name]))
        return True

    logging.getLogger("pip._internal.operations.prepare").addFilter(tell_of_download)
    log = getattr(RequirementPreparer, "_log_preparing_link", None)
    if log is None:
        return

    def log_preparing_link(self, req):
        staged = req.link.url.startswith(stage) and getattr(req, "cached_wheel_source_link", req) is None
        if staged:
            req.cached_wheel_source_link = req.link
        log(self, req)
        if staged:
            req.cached_wheel_source_link = None

    RequirementPreparer._log_preparing_link = log_preparing_link


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
    from pip._internal.req.constructors import install_req_from_editable, install_req_from_line
    from pip._vendor.packaging.markers import default_environment

    question = {"path": path, "markers": dict(default_environment()), "tags": describe_selection(finder)["tags"]}
    answer = channel.ask({"lock": question})
    if not answer or "problem" in answer:
        raise InstallationError((answer or {}).get("problem", "the lock %s was not read" % path))
    requirements = []
    for package in answer["packages"]:
        if package.get("editable"):
            requirements.append(install_req_from_editable(package["requirement"], comes_from=path, user_supplied=True))
            continue
        ireq = install_req_from_line(package["requirement"], comes_from=path, user_supplied=True)
        file = package["file"]
        if file:
            ireq.hash_options = {kind: [value] for kind, value in file["hashes"].items()}
        requirements.append(ireq)
    return requirements, {package["name"]: package["file"] for package in answer["packages"] if package["file"]}


def describe_locked(finder):
    """Describe the files that locks bind projects to (pip 26.1 and later)."""
    return {
        str(name): {"url": link.url_without_fragment, "hashes": dict(link._hashes), "filename": link.filename}
        for name, link in getattr(finder, "_locked_links", {}).items()
    }


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
    """Return the text of a lock with each staged address replaced by the lines that describe the original file."""
    for staged, lines in addresses.items():
        text = text.replace('url = "%s"' % staged, lines)
    return text


def write_lock_with_addresses(options, addresses):
    """Make ``pip lock`` write original addresses, sizes and upload times, wherever it writes to."""
    if options.output_file == "-":
        sys.stdout = LockText(sys.stdout, addresses)
        return []
    return [(options.output_file, addresses)]


def judged_requirements(answer, requirements):
    """Return what pip shall install: the user's own requirements, and our pins instead of the user's constraints."""
    from pip._internal.req.constructors import install_req_from_line

    pins = [install_req_from_line(pin, constraint=True, user_supplied=False) for pin in answer["pins"]]
    roots = [ireq for ireq in requirements if not ireq.constraint]
    # A constraint with an address makes pip take that file as a direct reference, and record it as one.
    direct = answer.get("direct", ())
    links = [i for i in requirements if i.constraint and i.link and i.link.url_without_fragment in direct]
    for ireq in links + roots:
        digest = ireq.link and answer["digests"].get(ireq.link.url_without_fragment)
        ireq.hash_options = {"sha256": [digest]} if digest else {}
    return pins + [ireq for ireq in links if ireq.match_markers()] + roots


def hold_to_plan(resolver, planned):
    """Stop pip before it installs anything, should it come to another set of projects than was planned."""
    from pip._vendor.packaging.utils import canonicalize_name

    resolve = resolver.resolve

    def resolve_and_compare(*args, **kwargs):
        found = resolve(*args, **kwargs)
        names = {str(canonicalize_name(name)) for name in found.requirements}
        if names != planned:
            refuse("this pip would install other projects than were judged: %s" % ", ".join(sorted(names ^ planned)))
        return found

    resolver.resolve = resolve_and_compare


def listen_to_inputs(host, argv):
    """Note what a dry run reads; ``None`` for another run, or when another pip has read something before."""
    if "--dry-run" not in argv or "_PIP_RUNNING_IN_SUBPROCESS" in os.environ:
        return None
    path = os.path.join(os.path.dirname(host), "pip_inputs.py")
    names = {"__name__": "safe_pip_inputs"}
    with open(path, encoding="utf-8") as file:
        exec(compile(file.read(), path, "exec"), names)  # noqa: S102 - ours, and nothing is imported from its folder
    return names["Inputs"]()


def guard(command, channel, inputs):
    """Replace the two steps of *command* between which pip looks for files."""
    read, make_resolver, approved = command.get_requirements, command.make_resolver, []

    def get_requirements(args, options, finder, session):
        locks = take_locks(options)
        only_locks = locks and not (args or options.editables or options.requirements)
        requirements = [] if only_locks else read(args, options, finder, session)
        locked = describe_locked(finder)
        for path in locks:
            more, files = read_lock(path, channel, finder)
            requirements += more
            locked.update(files)
        try:
            description = describe(command, args, options, finder, session, requirements)
            description["locked"] = locked
            description["inputs"] = inputs and inputs.described()
        except Exception as error:
            refuse("this pip cannot be read (%s: %s)" % (type(error).__name__, error))
        answer = channel.ask(description)
        while answer and "credentials" in answer:
            answer = channel.ask({"credentials": find_credentials(session, answer["credentials"])})
        if not answer:
            leave(options)
        approved.append(answer)
        hear_stops()
        judge_build_requirements(channel)
        confine(command, answer, options, finder, session)
        if command.name == "lock":
            REWRITTEN.extend(write_lock_with_addresses(options, answer["addresses"]))
        return judged_requirements(answer, requirements)

    def make_judged_resolver(*args, **kwargs):
        # Should some pip ever resolve without asking get_requirements first, it must not get further than this.
        if not approved:
            refuse("this pip resolves before its requirements were judged")
        resolver = make_resolver(*args, **kwargs)
        if "planned" in approved[0]:
            hold_to_plan(resolver, set(approved[0]["planned"]))
        return resolver

    command.get_requirements = get_requirements
    command.make_resolver = make_judged_resolver
    return command


def main():
    """Run pip with the arguments given, guarded."""
    ours = sys.argv[1:]
    host, read_fd, write_fd, neutral, cwd, lent_folder = ours[:6]
    sys.argv[:] = ["pip"] + ours[6:]
    inputs = listen_to_inputs(host, sys.argv)
    channel = Channel(int(read_fd), int(write_fd))
    cli_main, main_parser, commands = import_pip(lent_folder)
    retarget_by_exec(main_parser, ours, neutral)
    pass_over_guard()
    create = commands.create_command

    def create_guarded(name, *args, **kwargs):
        command = create(name, *args, **kwargs)
        if hasattr(command, "get_requirements") and hasattr(command, "make_resolver"):
            return guard(command, channel, inputs)
        if name in JUDGED:
            refuse("pip %s of this version cannot be guarded" % name)
        hear_stops()
        return command

    commands.create_command = cli_main.create_command = create_guarded
    os.chdir(cwd)
    status = getattr(cli_main, "cli", cli_main.main)()
    for path, addresses in REWRITTEN if not status else ():
        with open(path, encoding="utf-8") as file:
            text = with_addresses(file.read(), addresses)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    # pip has tidied up; tearing down what it imported would only cost time.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 0)


if __name__ == "safe_pip_host":
    main()
