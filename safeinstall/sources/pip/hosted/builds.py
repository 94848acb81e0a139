"""Builds: what they require is judged, and they run without a network."""

import os

from . import DENIED
from .addresses import ByAddress
from .channel import refuse

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
            if wanted and not is_allowed(channel, "build", wanted):
                from pip._internal.exceptions import InstallationError

                raise InstallationError("safe-pip did not allow the build requirements: %s" % ", ".join(wanted))
            return install(self, *args, **kwargs)

        environment.install_requirements = install_requirements


def is_allowed(channel, question, words):
    """Ask the parent; nobody to answer is no."""
    answer = channel.ask({question: words})
    return bool(answer and answer.get("allowed"))


def check_built(channel, checked):
    """Let the parent look at each wheel that pip has built, before pip does: it saw the *checked* ones."""
    if checked is None:
        return
    from pip._internal import wheel_builder
    from pip._internal.commands import install
    from pip._internal.exceptions import InstallationError

    def look_at(paths):
        built = [path for path in paths if path.endswith(".whl") and path not in checked]
        if built and not is_allowed(channel, "built", built):
            names = ", ".join(os.path.basename(path) for path in built)
            raise InstallationError("safe-pip did not allow what was built: %s" % names)
        checked.extend(built)

    verify, go_on = getattr(wheel_builder, "_verify_one", None), install.install_given_reqs

    def verify_one(req, wheel_path):
        look_at([wheel_path])
        return verify(req, wheel_path)

    def install_given_reqs(requirements, *args, **kwargs):
        look_at([ireq.local_file_path for ireq in requirements if ireq.local_file_path])
        return go_on(requirements, *args, **kwargs)

    if verify:  # pip reads what it has built here, and falls over metadata without a name
        wheel_builder._verify_one = verify_one
    install.install_given_reqs = install_given_reqs


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
    from pip._internal.models.link import Link
    from pip._internal.vcs.versioncontrol import VersionControl

    obtain, commits = VersionControl.obtain, ByAddress(commits)

    def obtain_judged(self, dest, url, *args, **kwargs):
        obtain(self, dest, url, *args, **kwargs)
        expected = commits.get(Link(url.secret))
        if expected and self.get_requirement_revision(dest) != expected:
            refuse("%s is not at the commit %s that was asked for or judged" % (url, expected), DENIED)

    VersionControl.obtain = obtain_judged
