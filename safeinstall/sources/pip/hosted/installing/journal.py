"""Write down every change of the environment just before pip makes it, to be undone by ``sources/undoing/undo.py``.

A Python audit hook sees the changes (PEP 578). A record is one line of JSON, appended in one write: whatever ends this
process leaves a true journal, of which only the last record may speak of a change that was not made. Nothing that was
here before is lost until all is installed. What is removed or overwritten is linked or copied aside, and a tree that
pip deletes, as it does with what it replaced, is moved aside.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import sys

ASIDE = ".safe-pip-"
"""How the folders begin, one below each root, in which the old is kept."""
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
MEMORY = "/dev/shm"  # noqa: S108
"""The only directory of devices in which files are more than what a process writes to."""
NEW, OLD, TEMPORARY = "new", "old", "temporary"
GET_PATH = 50
"""``F_GETPATH`` of macOS, which has no ``/proc``."""


class Journal:
    """The journal of one installation. It is ours alone while we hold its lock."""

    def __init__(self, terms):
        """Open the journal that our parent has made. Raises ``OSError`` if it is not there any more."""
        self.id, self.asides, self.kept = terms["id"], {}, 0
        self.file = os.open(terms["path"], os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        fcntl.flock(self.file, fcntl.LOCK_SH)
        self.roots, self.missing, self.room = terms["roots"], set(terms["missing"]), terms["room"]
        self.temporary = os.path.realpath(os.environ["TMPDIR"])
        self.real, self.fresh, self.gone = {}, set(), set()
        self.marks, self.old = {self.room: NEW} if self.room else {}, set()
        self.changes = {}

    def note(self, what, path, *more):
        """Append one record about *path*; where that is below none of our roots, that it is.

        A root that our parent did not find is new itself. What Python compiles elsewhere is nobody's loss.
        """
        reached = all(self.is_reached(each) for each in (path, *more) if isinstance(each, str))
        if reached or (what == "new" and path in self.missing):
            self.write(what, path, *more)
        elif "__pycache__" not in path.split("/"):
            self.write("beyond", path)

    def write(self, *record):
        """Append one record. Raises ``OSError`` when it cannot be written whole: then the change is not made."""
        line = json.dumps(record).encode() + b"\n"
        if os.write(self.file, line) != len(line):
            raise OSError(28, "No space left for the journal of this installation")

    def begin(self):
        """Listen from now on. Changes elsewhere than below the roots that our parent gives cannot be undone."""
        watched = hasattr(sys, "addaudithook")
        self.write("begin", {"watched": watched})
        if watched:
            self.changes = {
                "open": self.opened,
                "os.mkdir": lambda path, mode, dir_fd: self.created(path, dir_fd),
                "os.symlink": lambda source, path, dir_fd: self.created(path, dir_fd),
                "os.link": lambda source, path, source_fd, dir_fd: self.created(path, dir_fd),
                "os.remove": self.removed,
                "os.rmdir": self.emptied,
                "os.rename": self.renamed,
                "os.truncate": lambda path, length: self.overwritten(path),
                "os.chmod": self.changed_mode,
                "shutil.rmtree": self.deleted,
            }
            self.listening = True
            sys.addaudithook(self.hear)

    def complete(self):
        """All is installed: let go of the old."""
        self.changes = {}
        self.write("complete")
        for folder in [*self.asides.values(), *filter(None, [self.room])]:
            shutil.rmtree(folder, ignore_errors=True)

    def hear(self, event, args):
        """Write down what is about to be done. Our own doing is not heard."""
        change = self.changes.get(event)
        if change is None or not self.listening:
            return
        try:
            self.listening = False
            change(*args)
        finally:
            self.listening = True

    # --- what is told

    def opened(self, path, mode, flags):
        """A file is opened: where it is to be written, it is new or overwritten."""
        if not flags & WRITES or isinstance(path, int) or self.is_fresh(path):
            return
        path, state = self.find(path)
        if state == OLD and os.path.islink(path):  # it is written through, also one that leads nowhere
            path, state = self.find(os.path.realpath(path))
        if state == OLD and not os.path.lexists(path):
            self.add(path)
        elif state == OLD:
            self.overwritten(path)

    def created(self, path, dir_fd=-1):
        """A name appears; where it is taken, the attempt fails."""
        if self.is_fresh(path, dir_fd):
            return
        path, state = self.find(path, dir_fd)
        if state == OLD and not os.path.lexists(path):
            self.add(path)

    def removed(self, path, dir_fd=-1):
        """A file or link goes."""
        if self.is_fresh(path, dir_fd):
            return
        path, state = self.find(path, dir_fd)
        if state == OLD and os.path.lexists(path):
            self.keep(path)

    def emptied(self, path, dir_fd=-1):
        """A directory goes, if it is empty."""
        path, state = self.find(path, dir_fd)
        if state == OLD and path not in self.gone and os.path.isdir(path):
            found = os.lstat(path)
            self.note("gone", path, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
            self.gone.add(path)

    def renamed(self, source, path, source_fd=-1, dir_fd=-1):
        """A name becomes another, which may have been taken."""
        if self.is_fresh(source, source_fd) and self.is_fresh(path, dir_fd):
            return
        source, before = self.find(source, source_fd)
        path, state = self.find(path, dir_fd)
        if not os.path.lexists(source):
            return
        if state == OLD and os.path.isdir(path) and not os.path.islink(path):
            self.emptied(path)
        elif state == OLD and os.path.lexists(path):
            self.keep(path)
        if before == NEW and self.holds_old(source):
            before = OLD
        if before == OLD and state == TEMPORARY:
            self.keep(source)
        elif before == OLD:
            self.move(source, path)
        elif state == OLD:
            self.add(path)

    def overwritten(self, path):
        """A file gets another content in its place."""
        path, state = self.find(os.path.realpath(path))
        if state == OLD and os.path.isfile(path):
            place = self.aside(path)
            copy(path, place + ".part")
            self.put(path, place)

    def changed_mode(self, path, mode, dir_fd=-1):
        """Permissions change."""
        if self.is_fresh(path, dir_fd):
            return
        path, state = self.find(path, dir_fd)
        if state == OLD and os.path.exists(path):
            self.note("mode", path, stat.S_IMODE(os.stat(path).st_mode))

    def deleted(self, path, dir_fd=None):
        """A whole tree goes: it is moved aside, and an empty directory is left to be deleted."""
        path, state = self.find(path, -1 if dir_fd is None else dir_fd)
        if os.path.islink(path) or not os.path.isdir(path):
            return
        if state == OLD or (state == NEW and self.holds_old(path)):
            mode, place = stat.S_IMODE(os.lstat(path).st_mode), self.aside(path)
            if os.lstat(path).st_dev == os.lstat(os.path.dirname(place)).st_dev:
                self.note("kept", path, place)
                os.rename(path, place)
            else:
                copy(path, place + ".part")
                self.put(path, place)
                shutil.rmtree(path)
            self.add(path)
            os.mkdir(path, mode)

    # --- where it is, and since when

    def is_fresh(self, path, dir_fd=-1):
        """Whether *path* is known to be in a new or temporary directory without anything old: most of all are."""
        return type(path) is str and dir_fd == -1 and path[: path.rfind("/")] in self.fresh

    def find(self, path, dir_fd=-1):
        """Return *path* without links but for its last part, and whether it is old, new or temporary."""
        path = os.fsdecode(path)
        if dir_fd not in {-1, None}:
            path = os.path.join(path_of(dir_fd), path)
        folder, name = os.path.split(os.path.abspath(path))
        real = self.resolved(folder)
        state = self.state(real)
        if state != OLD and not self.holds_old(real):
            self.fresh.add(folder)
        place = os.path.join(real, name)
        return place, TEMPORARY if place == self.temporary else self.marks.get(place, state)

    def resolved(self, folder):
        """Return the directory *folder* without links, and remember it; what is new in a directory we know is known."""
        if folder not in self.real:
            above, name = os.path.split(folder)
            real = os.path.join(self.real.get(above, ""), name)
            known = above in self.real and self.state(real) == NEW and not os.path.islink(real)
            self.real[folder] = real if known else os.path.realpath(folder)
        return self.real[folder]

    def state(self, path):
        """Return what the nearest directory above *path*, or it itself, is known to be."""
        while True:
            if path in {self.temporary, "/dev"}:
                return TEMPORARY
            if path == MEMORY:
                return OLD
            if path in self.marks:
                return self.marks[path]
            above = os.path.dirname(path)
            if above == path:
                return OLD
            path = above

    def holds_old(self, path):
        """Whether anything that was here before has been moved into the new *path*."""
        return any(old == path or old.startswith(path + "/") for old in self.old)

    def add(self, path):
        """Note that *path* did not exist."""
        self.note("new", path)
        self.marks[path] = NEW
        self.old.discard(path)

    def move(self, source, path):
        """Note that *source*, which was here before, and all below it, goes to *path*."""
        self.note("moved", source, path, os.lstat(source).st_ino)
        for known in [p for p in self.marks if p.startswith(path + "/")]:
            del self.marks[known]
        self.marks[path] = OLD
        self.old.add(path)
        self.fresh.clear()

    # --- keeping the old

    def keep(self, path):
        """Keep what is at *path* under another name, before it goes."""
        place = self.aside(path)
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                raise OSError("directories have no second name")
            os.link(path, place + ".part", follow_symlinks=False)
        except OSError:
            copy(path, place + ".part")
        self.put(path, place)

    def put(self, path, place):
        """Write down where what is at *path* is kept, now that it is."""
        self.note("kept", path, place)
        os.rename(place + ".part", place)

    def is_reached(self, path):
        """Whether *path* can be undone."""
        return any(path.startswith(root.rstrip("/") + "/") for root in self.roots)

    def aside(self, path):
        """Return a free place to keep *path*: below the nearest root on its file system, else beside it."""
        device = os.lstat(path).st_dev
        roots = [root for root in self.roots if path.startswith(root.rstrip("/") + "/")]
        for root in roots + [os.path.dirname(path)]:
            if root in self.asides or (os.path.isdir(root) and os.stat(root).st_dev == device and self.opens(root)):
                self.kept += 1
                return os.path.join(self.asides[root], str(self.kept))
        raise OSError(30, "What is replaced cannot be kept", path)

    def opens(self, root):
        """Make the folder below *root* in which the old is kept, if that is possible."""
        folder = os.path.join(root, ASIDE + self.id)
        if not os.access(root, os.W_OK):
            return False
        self.note("new", folder)
        os.mkdir(folder, 0o700)
        self.asides[root] = folder
        return True


def copy(path: str, place: str) -> None:
    """Copy a file, a link or a tree with all that can be copied of its attributes."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.copytree(path, place, symlinks=True)
        return
    shutil.copy2(path, place, follow_symlinks=False)
    found = os.lstat(path)
    if (found.st_uid, found.st_gid) != (os.geteuid(), os.getegid()):
        try:
            os.chown(place, found.st_uid, found.st_gid, follow_symlinks=False)
        except OSError:
            pass


def path_of(descriptor):
    """Return the path of an open directory."""
    try:
        return os.readlink("/proc/self/fd/%d" % descriptor)
    except OSError:
        return os.fsdecode(fcntl.fcntl(descriptor, GET_PATH, bytes(1024)).rstrip(b"\0"))


def journal_installation(command, terms):
    """Keep a journal from when pip begins to install, if our parent gives one."""
    if not terms:
        return
    from pip._internal.commands import install
    from pip._internal.exceptions import InstallationError

    begin = install.install_given_reqs

    def install_given_reqs(*args, **kwargs):
        try:
            command.journal = Journal(terms)
            command.journal.begin()
        except OSError as error:
            raise InstallationError("safe-pip: no journal of this installation can be kept: %s" % error) from error
        return begin(*args, **kwargs)

    install.install_given_reqs = install_given_reqs


def complete_at_end(command):
    """Let the journal of *command* end when it has ended well, and only then."""
    run = command.run

    def run_to_the_end(*args, **kwargs):
        status = run(*args, **kwargs)
        if not status and getattr(command, "journal", None):
            command.journal.complete()
        return status

    command.run = run_to_the_end
