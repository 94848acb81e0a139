"""Take the members of wheels from where our parent has unpacked them meanwhile: by renaming, whole directories at once.

Each takes the wheels in an order of its own; a wheel is whose directory it has made. They are unpacked below the
library, so that nothing has to be copied; with modules comes their code, as Python would write it.
"""

import importlib.util
import json
import os
import stat

TOLD = ".json"
"""Ends the name of the file beside a wheel's directory that says which members are in it: it is there at last."""


class Placing:
    """What our parent unpacks in *room* for the installation below *library*: nothing, where there is no room."""

    def __init__(self, room="", library=""):
        """Begin with no wheel."""
        self.room, self.library, self.alike = room, library + os.sep, {}
        self.leave()

    def take(self, wheel, library):
        """Begin with *wheel*, which pip puts into *library*: it is ours, if our parent has not begun it.

        What a build needs pip puts elsewhere: of that nothing is taken away from what is to be installed.
        """
        self.leave()
        if not self.room or library + os.sep != self.library:
            return
        self.root = os.path.join(self.room, os.path.basename(wheel), "")
        try:
            os.mkdir(self.root)
        except FileExistsError:
            try:
                with open(self.root[:-1] + TOLD, encoding="utf-8") as told:
                    found = json.load(told)
                self.members, self.compiled = frozenset(found["members"]), frozenset(found["compiled"])
            except FileNotFoundError:
                pass  # it is still at it
        except OSError:
            pass

    def leave(self):
        """Have no wheel any more."""
        self.root, self.members, self.compiled, self.moved = "", (), (), {"": False}

    def has_compiled(self, member):
        """Whether the code of the module *member* has come into its place with the directory that both are in."""
        return member in self.compiled and self.moved.get(member.rpartition("/")[0])

    def put(self, member, path):
        """Put *member* at *path* if it is ready and nothing is there; return whether it is there now."""
        if member not in self.members:
            return False
        try:
            if path != self.library + member:
                os.makedirs(os.path.dirname(path), exist_ok=True)
            elif self.comes_with(member.rpartition("/")[0]):
                return True
            if os.path.lexists(path) or not self.is_like_library(os.path.dirname(path)):
                return False
            os.rename(self.root + member, path)
        except OSError:
            return False  # from one mount to another, and whatever pip has words for
        return True

    def comes_with(self, folder):
        """Whether *folder* of the wheel has come into its place as a whole, or in one above it; move it if it can."""
        if folder not in self.moved:
            place = self.library + folder
            self.moved[folder] = whole = self.comes_with(folder.rpartition("/")[0])
            if not whole and not os.path.lexists(place) and self.is_like_library(os.path.dirname(place)):
                os.rename(self.root + folder, place)
                self.moved[folder] = True
        return self.moved[folder]

    def is_like_library(self, folder):
        """Whether what is made in *folder* is on the file system of the library, and inherits what it would there."""
        if folder not in self.alike:
            self.alike[folder] = inherited(folder) == inherited(os.path.dirname(self.library))
        return self.alike[folder]


def inherited(folder):
    """Return what a file has of the *folder* that it is made in: a file that is renamed keeps what it has.

    Its file system, its group (``S_ISGID``), its access list and its label (acl(5), selinux(8)).
    """
    found = os.stat(folder)
    names = os.listxattr(folder) if hasattr(os, "listxattr") else ()
    attributes = {name: os.getxattr(folder, name) for name in names}
    return found.st_dev, found.st_gid, found.st_mode & stat.S_ISGID, attributes


def what_is_placed(terms, told):
    """Return what our parent has *told* of, by the *terms* of a journal.

    That is nothing, where pip would give files other modes, or compile modules in another way or to another place.
    """
    umask = os.umask(0o077)
    os.umask(umask)
    if not terms or not terms["room"] or umask != told["umask"]:
        return Placing()
    place = importlib.util.cache_from_source("/a/b.py")
    if told["suffix"] and (os.environ.get("SOURCE_DATE_EPOCH") or place != "/a/__pycache__/b" + told["suffix"]):
        return Placing()
    return Placing(terms["room"], told["library"])
