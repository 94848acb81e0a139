"""Dockerfiles without Docker: each step runs in a chroot, in a mount namespace of its own.

Enough of the format for the files in ``docs/docker.md``, and an error for all else. An image is a folder with its root
file system, its environment, its user and its working directory. Programs and libraries of this machine are mounted into
it, unwritable; Python is its own.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TIMEOUT = 300
CHANGE = """
import os, sys, warnings
root, workdir, uid, gid, *command = sys.argv[1:]
os.chroot(root)
os.chdir(workdir)
os.setgroups([])
os.setgid(int(gid))
os.setuid(int(uid))
os.execvp(command[0], command)
"""
"""Becomes a command in another root, as another user."""
MOUNTED = ("bin", "sbin", "lib", "lib64", "usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc/ssl", "etc/alternatives")
LIBRARIES = ("lib", "lib64", "usr/lib", "usr/lib64")
"""All that an image without a shell has of this machine."""
VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
LEFT_OUT = ("test", "site-packages", "idlelib", "tkinter", "turtledemo", f"config-{VERSION.removeprefix('python')}*")


@dataclass(frozen=True)
class Image:
    """What ``FROM`` names."""

    root: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "root"
    command: tuple[str, ...] = ()
    mounted: tuple[str, ...] = MOUNTED


@dataclass(frozen=True)
class Done:
    """One finished step."""

    exit: int
    text: str


@dataclass(frozen=True)
class Step:
    """One instruction."""

    word: str
    rest: str
    flags: tuple[tuple[str, str], ...] = ()

    def flag(self, name: str) -> list[str]:
        """Return the values of ``--NAME=``."""
        return [value for flag, value in self.flags if flag == name]


def why_not() -> str:
    """Return why no step can be run here; empty if it can."""
    if not sys.platform.startswith("linux"):
        return "there are chroots of this kind on Linux only"
    if os.geteuid():
        return "only root can use chroot and mount"
    if sys.base_prefix == "/usr" or not Path(sys.base_prefix, "lib", VERSION, "ensurepip").is_dir():
        return "the Python of this machine is no folder that can be copied"
    tried = subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True, text=True)
    return f"no mount namespace can be made: {tried.stderr.strip()}" if tried.returncode else ""


def parse(text: str) -> list[Step]:
    """Read a Dockerfile."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    steps = []
    for instruction in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines():
        if instruction.strip():
            word, _, rest = instruction.strip().partition(" ")
            flags = []
            while found := re.match(r"\s*--([a-z]+)=(\S+)\s+", rest):
                flags.append((found[1], found[2]))
                rest = rest[found.end() :]
            steps.append(Step(word.upper(), rest.strip(), tuple(flags)))
    return steps


class Builder:
    """Builds images in *place* from files in *context*."""

    def __init__(self, place: Path, context: Path) -> None:
        self.place, self.context = place, context
        self.caches = place / "caches"
        self.images: dict[str, Image] = {}

    def add_python(self, name: str, pip_conf: str, *, bare: bool = False) -> None:
        """Make an image with this Python in /usr/local, and pip; if *bare*, with neither pip nor a shell."""
        root = self.place / re.sub(r"\W", "-", name)
        for folder in ("etc", "tmp", "proc", "dev", "root", "usr/local/bin", "usr/local/lib", "var/tmp"):
            (root / folder).mkdir(parents=True)
        (root / "tmp").chmod(0o1777)
        (root / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
        (root / "etc" / "group").write_text("root:x:0:\n")
        (root / "etc" / "pip.conf").write_text(pip_conf)
        _copy_python(root / "usr" / "local")
        environ = {"PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
        environ["LD_LIBRARY_PATH"] = "/usr/local/lib"
        self.images[name] = Image(root, environ, mounted=LIBRARIES if bare else MOUNTED)
        if not bare:
            done = self.run(self.images[name], ["python3", "-m", "ensurepip", "--default-pip"])
            assert done.exit == 0, done.text

    def build(self, text: str, tag: str) -> Done:
        """Run every step; the first that fails ends it."""
        stages: dict[str, Image] = {}
        image, done = None, Done(0, "")
        for step in parse(text):
            if step.word == "FROM":
                name, _, stage = step.rest.partition(" AS ")
                image = self._begun(stages.get(name) or self.images[name], f"{tag}-{len(stages)}")
                stages[stage or str(len(stages))] = image
                continue
            assert image is not None, "the first instruction is no FROM"
            image, done = self.step(image, step, stages)
            stages[list(stages)[-1]] = image
            if done.exit:
                return done
        assert image is not None
        self.images[tag] = image
        return done

    def _begun(self, base: Image, name: str) -> Image:
        root = self.place / name
        subprocess.run(["cp", "-a", str(base.root), str(root)], check=True)
        return replace(base, root=root)

    def step(self, image: Image, step: Step, stages: Mapping[str, Image] | None = None) -> tuple[Image, Done]:
        """Carry out one instruction; return the image it makes."""
        if step.word == "RUN":
            return image, self.run(image, ["/bin/sh", "-c", step.rest], mounts=step.flag("mount"))
        if step.word == "COPY":
            origins = step.flag("from")
            self._copy(image, (stages or {})[origins[0]].root if origins else self.context, shlex.split(step.rest))
            return image, Done(0, "")
        return _set(image, step), Done(0, "")

    def _copy(self, image: Image, origin: Path, words: Sequence[str]) -> None:
        *sources, destination = words
        place = image.root / Path(image.workdir, destination).relative_to("/")
        for source in sources:
            found = origin / source.lstrip("/")
            if found.is_dir():
                shutil.copytree(found, place, symlinks=True, dirs_exist_ok=True)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(found, place / found.name if destination.endswith("/") else place)

    def start(self, tag: str) -> Done:
        """Run what the image runs."""
        image = self.images[tag]
        return self.run(image, image.command)

    def run(self, image: Image, command: Sequence[str], *, mounts: Sequence[str] = ()) -> Done:
        """Run *command* in the image, as its user."""
        uid, gid, home = _user(image)
        change = [sys.executable, "-c", CHANGE, str(image.root), image.workdir, uid, gid, *command]
        lines = ["set -e", *self._mounts(image), *self._wished(image, mounts), f"exec {shlex.join(change)}"]
        done = subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", "\n".join(lines)],
            env={"HOME": home, **image.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            check=False,
        )
        return Done(done.returncode, done.stdout)

    def _mounts(self, image: Image) -> Iterator[str]:
        for name in image.mounted:
            here, there = Path("/", name), image.root / name
            if here.is_symlink():
                if not there.is_symlink():
                    there.symlink_to(here.readlink())
            elif here.is_dir():
                there.mkdir(parents=True, exist_ok=True)
                yield f"mount --bind {here} {shlex.quote(str(there))}"
                yield f"mount -o remount,bind,ro {shlex.quote(str(there))}"
        for name in ("dev", "proc"):
            yield f"mount --rbind /{name} {shlex.quote(str(image.root / name))}"

    def _wished(self, image: Image, mounts: Sequence[str]) -> Iterator[str]:
        for mount in mounts:
            about = dict(part.partition("=")[::2] for part in mount.split(","))
            assert about["type"] == "cache", mount
            there, kept = image.root / about["target"].lstrip("/"), self.caches / about["target"].replace("/", "-")
            there.mkdir(parents=True, exist_ok=True)
            kept.mkdir(parents=True, exist_ok=True)
            os.chown(kept, int(about.get("uid", 0)), int(about.get("gid", 0)))
            for folder in [there, *there.parents][: len(there.relative_to(image.root).parts) - 2]:
                os.chown(folder, int(about.get("uid", 0)), int(about.get("gid", 0)))
            yield f"mount --bind {shlex.quote(str(kept))} {shlex.quote(str(there))}"


def _set(image: Image, step: Step) -> Image:
    if step.word == "WORKDIR":
        (image.root / step.rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        return replace(image, workdir=step.rest)
    if step.word == "ENV":
        return replace(image, environ={**image.environ, **dict(w.split("=", 1) for w in shlex.split(step.rest))})
    if step.word == "USER":
        return replace(image, user=step.rest)
    if step.word in {"CMD", "ENTRYPOINT"}:
        return replace(image, command=tuple(json.loads(step.rest)))
    raise AssertionError(f"{step.word} is not understood here")


def _user(image: Image) -> tuple[str, str, str]:
    """Return the numbers of the image's user, and the home folder."""
    name, _, group = image.user.partition(":")
    for line in (image.root / "etc" / "passwd").read_text().splitlines():
        fields = line.split(":")
        if name in {fields[0], fields[2]}:
            return fields[2], group or fields[3], fields[5]
    return name, group or "0", "/"


def _copy_python(prefix: Path) -> None:
    base = Path(sys.base_prefix)
    shutil.copytree(base / "lib" / VERSION, prefix / "lib" / VERSION, ignore=shutil.ignore_patterns(*LEFT_OUT))
    (prefix / "lib" / VERSION / "site-packages").mkdir()
    for library in base.glob("lib/libpython*.so*"):
        shutil.copy(library, prefix / "lib", follow_symlinks=False)
    shutil.copy(base / "bin" / VERSION, prefix / "bin" / VERSION)
    for name in ("python3", "python"):
        (prefix / "bin" / name).symlink_to(VERSION)
