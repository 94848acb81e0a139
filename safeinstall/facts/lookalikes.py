"""Which popular name another name resembles: typing errors, tricks with separators, and names with an affix.

Only names that are not popular themselves are compared: of two honest projects with similar names both are known.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from safeinstall.facts.values import Lookalike

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packaging.utils import NormalizedName

COPIED = 2000
"""How many of the most popular names are worth copying."""
_FAMOUS = 500
"""How many of them are recognised after two edits."""
_SHORTEST = 4
"""Characters. Below, every name resembles another; at this length, only slips of a finger count."""
_MOST_EDITS = 2
_SHORTEST_FOR_TWO_EDITS = 8
_AFFIXES = ("python3", "python", "py3", "py", "lib")
_KEYBOARD = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_LOOK_ALIKE = frozenset({"0o", "1i", "1l", "il", "5s", "vu", "mn", "8b", "9g", "2z"})
_SLIPS = frozenset({"two characters swapped", "a key beside the right one", "a character that looks alike"})


class Lookalikes:
    """Compares names with the popular ones; answers are remembered."""

    def __init__(self, popular: Sequence[NormalizedName]) -> None:
        """Keep the *popular* names, the first of all first."""
        self._popular = popular
        self._answers: dict[NormalizedName, Lookalike | None] = {}

    def __call__(self, name: NormalizedName) -> Lookalike | None:
        """Return the popular name that *name* can most easily be taken for, if any."""
        if name in self._known:
            return None
        if name not in self._answers:
            found = ((effort, rank, trick) for effort, rank, trick in self._found(name))
            _, rank, trick = min(found, default=(0, 0, ""))
            self._answers[name] = Lookalike(popular=self._popular[rank - 1], rank=rank, trick=trick) if rank else None
        return self._answers[name]

    @cached_property
    def _known(self) -> frozenset[NormalizedName]:
        return frozenset(self._popular)

    @cached_property
    def _by_letters(self) -> dict[str, int]:
        """The ranks by name without separators."""
        return {_letters(name): rank for rank, name in reversed([*enumerate(self._popular[:COPIED], 1)])}

    @cached_property
    def _by_words(self) -> dict[tuple[str, ...], int]:
        return {
            tuple(sorted(words)): rank
            for rank, name in enumerate(self._popular[:COPIED], 1)
            if len(words := name.split("-")) > 1
        }

    @cached_property
    def _by_length(self) -> dict[int, list[tuple[int, int, str]]]:
        """The characters as a set of bits, rank and letters of each name that is long enough."""
        found = defaultdict(list)
        for letters, rank in self._by_letters.items():
            if len(letters) >= _SHORTEST:
                found[len(letters)].append((_bits(letters), rank, letters))
        return found

    def _found(self, name: NormalizedName) -> Iterator[tuple[int, int, str]]:
        """Yield effort, rank and trick of each resemblance."""
        letters = _letters(name)
        if rank := self._by_letters.get(letters):
            yield 0, rank, "other separators"
        if rank := self._by_words.get(tuple(sorted(name.split("-")))):
            yield 1, rank, "the same words in another order"
        for bare in _without_affix(name):
            if (rank := self._by_letters.get(_letters(bare))) and len(bare) >= _SHORTEST:
                yield 2, rank, "the same name with an affix"
        yield from self._edited(letters)

    def _edited(self, letters: str) -> Iterator[tuple[int, int, str]]:
        bits, length = _bits(letters), len(letters)
        for candidate_length in range(length - _MOST_EDITS, length + _MOST_EDITS + 1):
            allowed = _MOST_EDITS if candidate_length >= _SHORTEST_FOR_TWO_EDITS else 1
            for others, rank, candidate in self._by_length.get(candidate_length, ()):
                if (bits ^ others).bit_count() > 2 * allowed:
                    continue
                trick = one_edit(letters, candidate)
                if trick is not None and (candidate_length > _SHORTEST or trick in _SLIPS):
                    yield 1, rank, trick
                elif trick is None and allowed > 1 and rank <= _FAMOUS and _are_near(letters, candidate, allowed):
                    yield 3, rank, "two characters differ"


def one_edit(name: str, popular: str) -> str | None:
    """Return by which single edit *name* comes from *popular* (Damerau and Levenshtein's four), or ``None``."""
    start = 0
    while start < min(len(name), len(popular)) and name[start] == popular[start]:
        start += 1
    end = 0
    while end < min(len(name), len(popular)) - start and name[-1 - end] == popular[-1 - end]:
        end += 1
    ours, theirs = name[start : len(name) - end], popular[start : len(popular) - end]
    match len(ours), len(theirs):
        case 1, 0:
            return "one character added"
        case 0, 1:
            return "one character left out"
        case 1, 1:
            return _replacement(ours, theirs)
        case 2, 2 if ours == theirs[::-1]:
            return "two characters swapped"
    return None


def _replacement(ours: str, theirs: str) -> str:
    if "".join(sorted(ours + theirs)) in _LOOK_ALIKE:
        return "a character that looks alike"
    return "a key beside the right one" if theirs in _neighbours(ours) else "one character replaced"


def _neighbours(key: str) -> set[str]:
    """Return the keys around *key*; each row of a keyboard is shifted by about half a key."""
    for number, row in enumerate(_KEYBOARD):
        if key in row:
            place = row.index(key)
            around = {row[place - 1 : place], row[place + 1 : place + 2]}
            if number:
                around.update(_KEYBOARD[number - 1][place : place + 2])
            if number + 1 < len(_KEYBOARD):
                around.update(_KEYBOARD[number + 1][max(place - 1, 0) : place + 1])
            return around - {""}
    return set()


def _are_near(name: str, popular: str, edits: int) -> bool:
    """Whether that many *edits* at most lead from one to the other (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(popular) + 1))
    for i, character in enumerate(name, 1):
        following = [i]
        for j, other in enumerate(popular, 1):
            least = min(row[j] + 1, following[j - 1] + 1, row[j - 1] + (character != other))
            if i > 1 and j > 1 and character == popular[j - 2] and name[i - 2] == other:
                least = min(least, before[j - 2] + 1)
            following.append(least)
        if min(following) > edits:
            return False
        before, row = row, following
    return row[-1] <= edits


def _letters(name: str) -> str:
    return name.replace("-", "")


def _bits(letters: str) -> int:
    """Return the set of characters: one edit changes at most two of its bits."""
    bits = 0
    for character in letters:
        bits |= 1 << ord(character)
    return bits


def _without_affix(name: str) -> Iterator[str]:
    for affix in _AFFIXES:
        if name.startswith(affix) and name != affix:
            yield name.removeprefix(affix).strip("-")
        if name.endswith(affix) and name != affix:
            yield name.removesuffix(affix).strip("-")
