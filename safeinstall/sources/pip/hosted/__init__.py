"""Run the target's own pip, and stop it where it would start to look for files.

This package runs inside the *target* interpreter (any Python and pip from 23.1 on), started by ``sources/pip/host.py``;
it imports nothing of ours. pip parses the command, its configuration and the requirement files itself, makes every
check it makes, and calls ``get_requirements``. There we describe to our parent what pip understood, and wait. Either
the parent answers with a private index that holds only judged files, and pip goes on over that index alone; or pip is
told to leave.

So pip starts once, its options are never translated, and what it prints and leaves behind is its own.
"""

import signal

OLDEST_PIP = (23, 1)
JUDGED = ("install", "download", "wheel", "lock")
REFUSED = 13
DENIED = 10
REFUSAL = "safe-pip: refused: "
"""How the line begins in which the host says why it leaves."""
GUARD = "safe-pip guard:"
"""How the values begin that ``safe-pip guard`` writes into pip's configuration to stop a pip that is not hosted."""
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Held back by our parent until we go on: until then it is the one to be stopped, and we leave when it does."""
BOOT = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; keep = sys.dont_write_bytecode; "
    "sys.dont_write_bytecode = True; from importlib import util; "
    "spec = util.spec_from_file_location('safe_pip_host', sys.argv[1]); "
    "sys.modules[spec.name] = host = util.module_from_spec(spec); spec.loader.exec_module(host); "
    "from safe_pip_host.start import main; sys.dont_write_bytecode = keep; main()"
)
"""What the target's Python runs, with the path of this file as its first argument: nothing of ours is on its path, and
it leaves nothing beside our files."""
WORKER = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; from importlib import util; "
    "spec = util.spec_from_file_location('safe_pip_worker', sys.argv[1]); "
    "worker = util.module_from_spec(spec); spec.loader.exec_module(worker); worker.work()"
)
"""What the target's Python runs, with the path of ``bytecode.py`` as its first argument, to compile modules."""
