"""What ``safe-pip fix`` found: a diff, lines for a reader, and a mapping that JSON can hold."""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING, Any

from safeinstall.report.audit import finding_json, package_json
from safeinstall.report.refusal import render_refused
from safeinstall.report.text import PREFIX, in_short, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.policy.model import Policy
    from safeinstall.resolve.outcome import Fix, Move


def diff(path: str, old: str, new: str) -> str:
    """Return a unified diff that ``patch`` and ``git apply`` take; empty for no difference."""
    name = path.lstrip("/")
    lines = unified_diff(_lines(old), _lines(new), f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    return [line + "\n" for line in text.split("\n")[:-1]] + [last for last in text.split("\n")[-1:] if last]


def render_fix(fix: Fix, policy: Policy, *, applied: bool, verbose: bool = False) -> str:
    """Return what is told beside the diff: why each version moves, or why nothing can be done."""
    refusal = fix.refusal if fix.problem else None
    blocks = render_refused(refusal, policy, fix.newest_passing, verbose=verbose) if refusal else []
    return "\n".join([*blocks, *(PREFIX + shown(line) for line in _told(fix, applied=applied))]) + "\n"


def _told(fix: Fix, *, applied: bool) -> Iterator[str]:
    if fix.problem:
        yield from fix.problem.splitlines()
        yield f"{fix.path} cannot be fixed; nothing was changed (exit {fix.exit_code})"
        return
    for move in fix.moves:
        yield f"{move.name} {move.old} → {move.new}{f' ({move.part})' if move.part else ''}: {_reason(move)}"
    if not fix.moves:
        yield f"{fix.path}: nothing to do"
        return
    word = "written" if applied else "not written (--apply writes it)"
    yield f"{fix.path}: {len(fix.moves)} changed, {word}; what it asks for then passes the policy"


def _reason(move: Move) -> str:
    if move.reason is None:
        return "so that the others fit"
    return in_short(move.reason)


def fix_json(fix: Fix, policy: Policy, *, applied: bool) -> dict[str, Any]:
    """Return the same for programs. No credentials are in it."""
    refused = fix.refusal.verdicts if fix.problem and fix.refusal else ()
    return {
        "file": fix.path,
        "policy": {"file": policy.file, "digest": policy.digest, "mode": policy.mode},
        "exit_code": fix.exit_code,
        "applied": applied,
        "changes": [_move(move, policy) for move in fix.moves],
        "diff": diff(fix.path, fix.old, fix.new),
        "problem": fix.problem or None,
        "refused": [package_json(verdict, fix.newest_passing, policy) for verdict in refused],
    }


def _move(move: Move, policy: Policy) -> dict[str, Any]:
    denials = move.reason.denials if move.reason else ()
    return {
        "name": move.name,
        "from": str(move.old),
        "to": str(move.new),
        "part": move.part or None,
        "findings": [finding_json(denial, policy) for denial in denials],
    }
