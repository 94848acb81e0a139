"""Every way a run can end other than well, each with its exit code.

A denial is not here: it is a :class:`~safeinstall.facts.artifact.Verdict`, a result. pip's own exit codes stay
pip's, so ours start where pip's end.
"""

from __future__ import annotations

from errno import EDQUOT, EFBIG, EIO, EMFILE, ENFILE, ENOSPC, EROFS

EXIT_PIP_ERROR = 1
"""What pip exits with when it cannot do what was asked (pip: cli/status_codes.py)."""
EXIT_DENIED = 10
"""A file was refused: by the policy, or because it is not what the index or the lock promised."""
EXIT_EVIDENCE = 11
"""A fact that the policy needs could not be had: an index or an advisory source did not answer."""
EXIT_POLICY = 12
"""The policy itself is wrong. Nothing was judged."""
EXIT_REFUSED = 13
"""The request cannot be guarded: an option or a pip that would weaken the check."""
EXIT_UNSOUND = 14
"""``safe-pip doctor`` has found a problem, or ``safe-pip guard status`` a guard that does not hold."""
EXIT_LOG = 15
"""The policy requires that a receipt is forwarded, and it was not taken."""
EXIT_INTERNAL = 70
"""A fault of ours (BSD sysexits: EX_SOFTWARE)."""
UNDO_OR_KEEP = "undo it: safe-pip recover; or leave it so: safe-pip recover --keep"
_OUT_OF_ROOM = frozenset({EDQUOT, EFBIG, EIO, EMFILE, ENFILE, ENOSPC, EROFS})


class SafeInstallError(Exception):
    """Base of the errors a user sees: what happened, to which thing, and what to do now."""

    exit_code = EXIT_INTERNAL

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        """Keep *message* (one sentence, lower case, no full stop) and *hint* (what to do now)."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class PolicyError(SafeInstallError):
    """The policy cannot be used. Carries every problem of the file, not only the first."""

    exit_code = EXIT_POLICY

    def __init__(self, problems: tuple[str, ...], *, hint: str | None = None) -> None:
        """Keep *problems*, each already a whole line ``FILE:LINE: what is wrong``."""
        super().__init__("\n".join(problems), hint=hint)
        self.problems = problems


class SourceError(SafeInstallError):
    """A source of facts did not answer, or answered what cannot be read. Never "no such version"."""

    exit_code = EXIT_EVIDENCE


class ProjectNotFoundError(SourceError):
    """The index answered that it has no such project (HTTP 404 or 410; PEP 503)."""

    exit_code = EXIT_PIP_ERROR


class IntegrityError(SafeInstallError):
    """A file is not what was promised: hash, size, metadata or archive. There is no switch for this."""

    exit_code = EXIT_DENIED


class AftermathError(IntegrityError):
    """pip has installed, and what it then reports is not what was planned, or cannot be passed on."""


class UndoneError(SafeInstallError):
    """pip was stopped while it installed, and what it had changed was undone."""

    exit_code = EXIT_PIP_ERROR


class JournalError(SafeInstallError):
    """The journal of a half installation cannot be read or followed."""

    exit_code = EXIT_PIP_ERROR


class LogError(SafeInstallError):
    """Where receipts have to go, nobody takes them."""

    exit_code = EXIT_LOG


Said = tuple[str, str]
"""What pip says: at which level of its log (``info``, ``warning``, ``critical``), and the text."""


class UnsatisfiableError(SafeInstallError):
    """No set of files meets the requirements, for reasons the policy has no part in: pip fails alike, and says so."""

    exit_code = EXIT_PIP_ERROR

    def __init__(self, *said: str | Said, hint: str | None = None, unknown: tuple[str, ...] = ()) -> None:
        """Keep what pip has *said* in the end, a plain text being an error, and the *unknown* projects it is about."""
        self.said: tuple[Said, ...] = tuple(("critical", each) if isinstance(each, str) else each for each in said)
        self.unknown = unknown
        """Projects that no source has, as they were asked for."""
        self.notes: tuple[str, ...] = ()
        """What we have to add: lines for the user."""
        self.told = False
        """Whether pip has said it already."""
        super().__init__("\n".join(text for _, text in self.said).strip("\n"), hint=hint)


class UnsupportedWheelError(UnsatisfiableError):
    """A wheel that is named by its address is for other targets than this one."""


class DiskError(SafeInstallError):
    """This machine has no room, or no permission, for what has to be written. pip fails alike."""

    exit_code = EXIT_PIP_ERROR

    @classmethod
    def of(cls, error: BaseException | None) -> DiskError | None:
        """Return what *error* says of this machine; ``None`` if the fault may be ours."""
        if not isinstance(error, OSError) or error.errno not in _OUT_OF_ROOM:
            return None
        return cls(f"{error.strerror}: {error.filename or 'a file'}", hint="make room on the disk, then try again")


class RefusedError(SafeInstallError):
    """The request cannot be guarded, so it is not carried out."""

    exit_code = EXIT_REFUSED


class LeftHalfError(RefusedError):
    """An installation into the same place was killed, and has not been undone."""

    def __init__(self, prefix: str) -> None:
        """Say so of the environment *prefix*."""
        super().__init__(f"an installation into {prefix} was killed, and is half there", hint=UNDO_OR_KEEP)


class UsageError(SafeInstallError):
    """One of our own options or commands is used wrongly (2, as pip and argparse exit)."""

    exit_code = 2


class MetadataInvalidError(SafeInstallError):
    """A file's metadata breaks the standard (core metadata, PEP 508). The resolver passes over the version."""

    exit_code = EXIT_DENIED


class MetadataInconsistentError(MetadataInvalidError):
    """A file's metadata has another name or version than the file. The resolver passes over the file."""


class MetadataDynamicError(MetadataInvalidError):
    """A source distribution or tree whose metadata only a build can tell (PEP 643)."""
