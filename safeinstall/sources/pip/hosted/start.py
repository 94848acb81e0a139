"""Import the target's pip, or the one that is lent to it, and run it."""

import os
import re
import signal
import sys

from . import BOOT, GUARD, JUDGED, OLDEST_PIP, STOPS
from .channel import Channel, refuse
from .command import REWRITTEN, guard
from .locks import rewrite
from .quiet import be_quiet
from .streams import LOST, hold_streams, written_out

REPLACED = ("parse_args", "get_requirements", "make_resolver")
"""What is replaced of a command of pip's."""


class LentPip:
    """Find ``pip`` in our own environment, for a target that has none (pip: __pip-runner__.py does the same)."""

    def __init__(self, folder):
        """Keep the folder that holds our pip."""
        from importlib.machinery import PathFinder

        self.folder, self.finder = folder, PathFinder

    def find_spec(self, fullname, path=None, target=None):
        """Answer for ``pip`` alone."""
        return self.finder.find_spec(fullname, [self.folder], target) if fullname == "pip" else None


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


def listen_to_inputs(heard=None):
    """Note from now on what is read, unless it is *heard* already; ``None`` when another pip has read something before,
    and for Python 3.7, which tells nobody (PEP 578).

    A dry run that is repeated may do without a pip, so that all that this one reads counts, its own modules too. For
    any other run that begins when these are loaded: what it would say is only guessed from that.
    """
    if heard is not None or "_PIP_RUNNING_IN_SUBPROCESS" in os.environ or not hasattr(sys, "addaudithook"):
        return heard
    from .inputs import Inputs

    return Inputs()


def main():
    """Run pip with the arguments given, guarded."""
    hold_streams()
    ours = sys.argv[1:]
    _host, read_fd, write_fd, neutral, cwd, lent_folder = ours[:6]
    sys.argv[:] = ["pip"] + ours[6:]
    inputs = listen_to_inputs() if "--dry-run" in sys.argv else None
    channel = Channel(int(read_fd), int(write_fd))
    cli_main, main_parser, commands = import_pip(lent_folder)
    retarget_by_exec(main_parser, ours, neutral)
    pass_over_guard()
    create = commands.create_command

    def create_guarded(name, *args, **kwargs):
        command = create(name, *args, **kwargs)
        if all(hasattr(command, replaced) for replaced in REPLACED):
            be_quiet(command)
            return guard(command, channel, listen_to_inputs(inputs))
        if name in JUDGED:
            refuse("pip %s of this version cannot be guarded" % name)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)  # a command that passes through is stopped as by pip
        return command

    commands.create_command = cli_main.create_command = create_guarded
    os.chdir(cwd)
    status = getattr(cli_main, "cli", cli_main.main)()
    if not status:
        rewrite(REWRITTEN)
    # pip has tidied up; tearing down what it imported would only cost time.
    os._exit((status if isinstance(status, int) else 0) if written_out() else LOST)
