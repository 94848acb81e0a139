"""How one spelling comes from another: by which slip of a finger or of the eye. Pure, and blind to what is popular."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

SWAPPED = "two characters swapped"
DOUBLED = "a character doubled"
SINGLE = "a doubled character written once"
LEFT_OUT = "one character left out"
LEFT_OUT_AT_AN_END = "its first or last character left out"
ADDED = "one character added"
NEIGHBOUR = "a key beside the right one"
ALIKE = "a character that looks alike"
NEARLY_ALIKE = "a character that looks or sounds nearly alike"
REPLACED = "one character replaced"
CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_KEYBOARD = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_AS_LETTERS = str.maketrans("015892", "olsbgz")
_NEARLY_ALIKE = frozenset({"uv", "mn", "ck", "iy", "sz", "gq"})


def shape(text: str) -> str:
    """Return *text* as a hasty eye takes it: ``rn`` as ``m``, ``vv`` as ``w``, ``0`` as ``o``, ``1`` as ``l``.

    Lines stay lines, so that a list can be given as one text.
    """
    text = text.translate(_AS_LETTERS)  # first: c1 is cl
    for pair, character in _PAIRS:
        text = text.replace(pair, character)
    return text.replace("i", "l")


def one_edit(name: str, other: str) -> str | None:
    """Return by which single edit *name* comes from *other* (Damerau and Levenshtein's four), or ``None``."""
    start = 0
    while start < min(len(name), len(other)) and name[start] == other[start]:
        start += 1
    end = 0
    while end < min(len(name), len(other)) - start and name[-1 - end] == other[-1 - end]:
        end += 1
    ours, theirs = name[start : len(name) - end], other[start : len(other) - end]
    match len(ours), len(theirs):
        case 1, 0:
            return DOUBLED if start and name[start - 1] == ours else ADDED
        case 0, 1:
            return _left_out(theirs, other, start)
        case 1, 1:
            return _replacement(ours, theirs)
        case 2, 2 if ours == theirs[::-1]:
            return SWAPPED
    return None


def _left_out(character: str, other: str, place: int) -> str:
    """What was left out of two equal characters is taken for the second of them."""
    if place and other[place - 1] == character:
        return SINGLE
    return LEFT_OUT if 0 < place < len(other) - 1 else LEFT_OUT_AT_AN_END


def _replacement(ours: str, theirs: str) -> str:
    if shape(ours) == shape(theirs):
        return ALIKE
    if "".join(sorted(ours + theirs)) in _NEARLY_ALIKE:
        return NEARLY_ALIKE
    return NEIGHBOUR if theirs in _neighbours(ours) else REPLACED


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


def undoubled(text: str) -> str:
    """Return *text* with each run of one character written once."""
    return "".join(character for character, _ in groupby(text))


def edited(name: str, known: Container[str]) -> Iterator[str]:
    """Yield what is *known* and one edit away from *name*, some of it twice."""
    splits = [(name[:place], name[place:]) for place in range(len(name) + 1)]
    yield from [other for a, b in splits if (other := a + b[1:]) in known]
    yield from [other for a, b in splits if len(b) > 1 and (other := a + b[1] + b[0] + b[2:]) in known]
    yield from [other for a, b in splits for character in CHARACTERS if (other := a + character + b) in known]
    yield from [other for a, b in splits for character in CHARACTERS if (other := a + character + b[1:]) in known]


def are_near(name: str, other: str, edits: int) -> bool:
    """Whether that many *edits* at most lead from one to the other (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, character in enumerate(name, 1):
        following = [i]
        for j, theirs in enumerate(other, 1):
            least = min(row[j] + 1, following[j - 1] + 1, row[j - 1] + (character != theirs))
            if i > 1 and j > 1 and character == other[j - 2] and name[i - 2] == theirs:
                least = min(least, before[j - 2] + 1)
            following.append(least)
        if min(following) > edits:
            return False
        before, row = row, following
    return row[-1] <= edits
