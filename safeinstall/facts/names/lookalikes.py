"""Which popular name another name resembles, how, and how sure that is.

Only names that are not popular themselves are compared: of two honest projects with similar names both are known.
What hardly ever is an accident (two characters swapped, one doubled, one that looks alike, other separators, another
order of words) counts against every popular name; what often is one (a character added or replaced, an affix, two
edits), against names that are long enough and popular enough. ``docs/names.md`` has what was measured.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cached_property
from itertools import permutations
from typing import TYPE_CHECKING, TypeAlias, cast

from safeinstall.facts.names import spelling
from safeinstall.facts.values import Likeness, Lookalike

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName

SEPARATORS = "other separators"
ORDER = "the same words in another order"
AFFIX = "an affix"
NO_AFFIX = "an affix left out"
NO_LAST_WORD = "its last word left out"
TWO_EDITS = "two characters differ"
MORE_WORDS = "further words"

_SHORTEST = 4
"""Characters. Below, every name resembles another: there, slips of a finger alone count."""
_SHORTEST_SURE = 5
_LONGEST = 100
"""Characters: no popular name is longer, nor can one edit lead from a longer one to it."""
_MOST_WORDS = 5
"""Names of more words are not put in every order."""
_CELEBRATED, _FAMOUS, _RENOWNED, _KNOWN, _LISTED = 100, 500, 1_000, 2_000, 10_000
"""So many names are recognised by what is often an accident: the shorter they are, the fewer."""
_LONG = 8
"""Characters from which on one edit is recognised where the number of words differs, too."""
_SURE_LEFT_OUT = ((7, _KNOWN), (10, _LISTED))
"""Characters from which on, and ranks up to which, a character that is missing inside a name is a sure sign."""
_REACH = {
    spelling.SWAPPED: ((3, _KNOWN),),
    spelling.DOUBLED: ((2, _KNOWN),),
    spelling.SINGLE: ((3, _KNOWN),),
    spelling.ALIKE: ((3, _KNOWN),),
    spelling.NEARLY_ALIKE: ((5, _KNOWN), (8, _LISTED)),
    spelling.NEIGHBOUR: ((4, _FAMOUS), (5, _KNOWN), (10, _LISTED)),
    spelling.LEFT_OUT: ((5, _KNOWN), (6, _LISTED)),
    spelling.LEFT_OUT_AT_AN_END: ((5, _FAMOUS), (6, _KNOWN), (8, _LISTED)),
    spelling.ADDED: ((5, _FAMOUS), (6, _KNOWN)),
    spelling.REPLACED: ((5, _CELEBRATED), (6, _RENOWNED), (7, _KNOWN)),
}
"""The same for what often is an accident."""
_SLIP = ((5, _FAMOUS), (6, _KNOWN))
_REACH_BESIDE_AFFIX = {
    spelling.SWAPPED: _SLIP,
    spelling.DOUBLED: _SLIP,
    spelling.SINGLE: _SLIP,
    spelling.ALIKE: _SLIP,
    spelling.LEFT_OUT: ((6, _FAMOUS),),
}
"""The same for a slip of a finger or of the eye beside an affix."""
_TWO_EDITS = ((8, _CELEBRATED), (10, _FAMOUS))
_SHORTEST_WORD = 5
"""Characters of a word that differs, unless the name is famous: names of one family differ in shorter ones."""
_SHORTEST_WORD_FOR_TWO_EDITS = 6
_EDITS = 2
_SURE = frozenset({spelling.SWAPPED, spelling.DOUBLED, spelling.SINGLE, spelling.ALIKE})
_GLUED = ("python3", "python", "py3", "py", "lib")
_BEFORE = frozenset({
    "my", "the", "python", "python2", "python3", "py", "py2", "py3", "lib", "pip", "easy", "simple", "official", "real",
    "new", "async",
})  # fmt: skip
_BEHIND = frozenset({
    "python", "python2", "python3", "py", "py2", "py3", "lib", "libs", "js", "ai", "ml", "api", "sdk", "client", "core",
    "util", "utils", "helper", "helpers", "tool", "tools", "wrapper", "dev", "new", "next", "plus", "pro", "official",
    "async", "binary", "cuda", "cpu", "gpu", "rocm", "2", "3", "v2", "v3",
})  # fmt: skip

_MOST_COMBINED = 300
"""So many names are recognised before two further words,"""
_HUB = 10
"""unless so many popular names begin with them: others name what extends them so, too."""
_MOST_HUBS = 100
"""So many of these are recognised when the further words are common,"""
_COMMON = 3
"""each in so many popular names: who makes up a name takes words that are in use."""
_FURTHER_WORDS = 2

_Found: TypeAlias = tuple[int, int, str, Likeness]
"""Effort, rank, trick and likeness of one resemblance."""


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
            best = min(self._found(name), default=None, key=lambda found: found[:3])
            self._answers[name] = best and self._lookalike(*best[1:])
        return self._answers[name]

    def __contains__(self, name: object) -> bool:
        """Whether that is a popular name."""
        return name in self._known

    @cached_property
    def _known(self) -> frozenset[NormalizedName]:
        return frozenset(self._popular)

    def _lookalike(self, rank: int, trick: str, likeness: Likeness) -> Lookalike:
        return Lookalike(popular=self._popular[rank - 1], rank=rank, trick=trick, likeness=likeness)

    @cached_property
    def _text(self) -> str:
        """All names as one text: what is done to all of them is done to it."""
        return "\n".join(self._popular)

    @cached_property
    def _by_letters(self) -> Mapping[str, int]:
        """The ranks by name without separators."""
        return _ranks(_letters(self._text))

    @cached_property
    def _namesakes(self) -> Mapping[str, Sequence[int]]:
        """The ranks of those that are popular names but for separators, and so are not in ``_by_letters``."""
        found: dict[str, list[int]] = defaultdict(list)
        for rank, letters in enumerate(_letters(self._text).split("\n"), 1):
            if self._by_letters[letters] != rank:
                found[letters].append(rank)
        return found

    @cached_property
    def _by_shape(self) -> Mapping[str, int]:
        return _ranks(spelling.shape(_letters(self._text)))

    @cached_property
    def _by_last_word(self) -> Mapping[str, int | None]:
        """The ranks of names of several words without the last one; ``None`` where it does not tell which is meant."""
        found: dict[str, int | None] = {}
        for rank, name in enumerate(self._popular[:_KNOWN], 1):
            start, dash, _ = name.rpartition("-")
            if dash:
                found[start] = None if start in found else rank
        return found

    @cached_property
    def _famous(self) -> Mapping[tuple[int, str], Sequence[tuple[int, str]]]:
        """Rank and name of those that are recognised after two edits, by number of words and first character."""
        found: dict[tuple[int, str], list[tuple[int, str]]] = defaultdict(list)
        for rank, name in enumerate(self._popular[:_FAMOUS], 1):
            if len(_letters(name)) >= _LONG:
                found[name.count("-"), name[0]].append((rank, name))
        return found

    @cached_property
    def _words(self) -> Mapping[str, int]:
        """How many times a word is in the popular names."""
        return Counter(self._text.replace("-", "\n").split("\n"))

    def _found(self, name: NormalizedName) -> Iterator[_Found]:
        letters = _letters(name)
        yield from self._rearranged(name, letters)
        yield from self._edited(name, letters)
        yield from self._with_affix(name)
        yield from self._shortened(name, letters)
        yield from self._edited_twice(name, letters)
        yield from self._combined(name)

    def _rearranged(self, name: str, letters: str) -> Iterator[_Found]:
        """Yield what has the same letters, the same shape or the same words."""
        if len(letters) < _SHORTEST:
            return
        if rank := self._by_letters.get(letters):
            yield 0, rank, SEPARATORS, Likeness.SURE
        for reading in {letters, letters.replace("1", "i")} if len(letters) >= _SHORTEST_SURE else ():
            if rank := self._by_shape.get(spelling.shape(reading)):  # cl is a shape of its own, and c1 may be ci
                yield 1, rank, spelling.ALIKE, Likeness.SURE
        words = name.split("-")
        if 1 < len(words) <= _MOST_WORDS:
            for order in permutations(words):
                if rank := self._by_letters.get("".join(order)):
                    yield 1, rank, ORDER, Likeness.SURE

    def _edited(self, name: str, letters: str) -> Iterator[_Found]:
        for candidate in self._near(letters):
            trick = spelling.one_edit(letters, candidate)
            if trick is None:
                continue
            for rank in (self._by_letters[candidate], *self._namesakes.get(candidate, ())):
                yield from self._edited_to(name, candidate, rank, trick)

    def _edited_to(self, name: str, candidate: str, rank: int, trick: str) -> Iterator[_Found]:
        shortest = _shortest_difference(name, self._popular[rank - 1])
        if not shortest and (rank > _RENOWNED or len(candidate) < _LONG):
            return
        if _is_sure(trick, len(candidate), rank):
            yield 1, rank, trick, Likeness.SURE
        elif _reaches(_REACH[trick], len(candidate), rank) and (
            shortest >= min(_SHORTEST_WORD, len(candidate)) or rank <= (_FAMOUS if shortest else _RENOWNED)
        ):
            yield 2, rank, trick, Likeness.UNSURE

    def _with_affix(self, name: str) -> Iterator[_Found]:
        for bare in _without_affix(name):
            rank = self._by_letters.get(_letters(bare))
            if rank and rank <= _KNOWN and len(bare) >= _SHORTEST_SURE:
                yield 3, rank, AFFIX, Likeness.UNSURE
            if bare not in self._known:
                yield from self._slipped(_letters(bare))

    def _slipped(self, letters: str) -> Iterator[_Found]:
        """Yield what is a popular name but for an affix and a slip."""
        found = [(spelling.one_edit(letters, one), one) for one in self._near(letters)]
        if rank := self._by_shape.get(spelling.shape(letters)):
            found.append((spelling.ALIKE, _letters(self._popular[rank - 1])))
        for trick, candidate in found:
            rank = self._by_letters[candidate]
            if trick and _reaches(_REACH_BESIDE_AFFIX.get(trick, ()), len(candidate), rank):
                yield 4, rank, f"{AFFIX} and {trick}", Likeness.UNSURE

    def _near(self, letters: str) -> Iterator[str]:
        """Yield the popular names that are one edit away, without separators."""
        return spelling.edited(letters, self._by_letters) if len(letters) <= _LONGEST else iter(())

    def _shortened(self, name: str, letters: str) -> Iterator[_Found]:
        if len(letters) < _SHORTEST_SURE:
            return
        for affix in _GLUED:
            for whole in (affix + letters, letters + affix):
                if (rank := self._by_letters.get(whole)) and rank <= _KNOWN:
                    yield 3, rank, NO_AFFIX, Likeness.UNSURE
        if rank := self._by_last_word.get(name):
            yield 3, rank, NO_LAST_WORD, Likeness.UNSURE

    def _edited_twice(self, name: str, letters: str) -> Iterator[_Found]:
        for rank, candidate in self._famous.get((name.count("-"), name[0]), ()):
            theirs = _letters(candidate)
            if (
                abs(len(letters) - len(theirs)) <= _EDITS
                and _shortest_difference(name, candidate) >= _SHORTEST_WORD_FOR_TWO_EDITS
                and _are_two_edits(letters, theirs, rank)
            ):
                yield 4, rank, TWO_EDITS, Likeness.UNSURE

    def _combined(self, name: str) -> Iterator[_Found]:
        """Yield a popular name that two further words follow."""
        words = name.split("-")
        for place in range(len(words) - 1, 0, -1):
            start, further = "-".join(words[:place]), words[place:]
            if start in self._known:
                rank = self._popular.index(cast("NormalizedName", start)) + 1
                if len(further) >= _FURTHER_WORDS and self._can_be_made_up(rank, start, further):
                    yield 5, rank, MORE_WORDS, Likeness.COMBINED
                return

    def _can_be_made_up(self, rank: int, start: str, further: Sequence[str]) -> bool:
        if rank > _MOST_COMBINED or len(start) < _SHORTEST:
            return False
        if self._text.count(f"\n{start}-") < _HUB:
            return True
        return rank <= _MOST_HUBS and all(self._words.get(word, 0) >= _COMMON for word in further)


def _is_sure(trick: str, length: int, rank: int) -> bool:
    """Whether what *trick* makes of a popular name of so many characters is hardly ever an accident."""
    if trick == spelling.LEFT_OUT:
        return _reaches(_SURE_LEFT_OUT, length, rank)
    return trick in _SURE and length >= _SHORTEST_SURE


def _reaches(reach: tuple[tuple[int, int], ...], length: int, rank: int) -> bool:
    return any(length >= shortest and rank <= last for shortest, last in reach)


def _are_two_edits(name: str, popular: str, rank: int) -> bool:
    """Whether two edits lead from one to the other: any where the name is long or very popular, else a slip and one."""
    if _reaches(_TWO_EDITS, len(popular), rank):
        return spelling.are_near(name, popular, _EDITS)
    return spelling.one_edit(spelling.undoubled(name), spelling.undoubled(popular)) is not None


def _shortest_difference(name: str, popular: str) -> int:
    """Return the length of the shortest word of *popular* that is another in *name*; 0 for another number of words."""
    ours, theirs = name.split("-"), popular.split("-")
    if len(ours) != len(theirs):
        return 0
    return min((len(their) for our, their in zip(ours, theirs, strict=True) if our != their), default=0)


def _ranks(text: str) -> Mapping[str, int]:
    """Return the rank of each line, the first of equals."""
    lines = text.split("\n")
    return dict(zip(reversed(lines), range(len(lines), 0, -1), strict=True))


def _letters(name: str) -> str:
    return name.replace("-", "")


def _without_affix(name: str) -> Iterator[str]:
    first, _, rest = name.partition("-")
    if rest and first in _BEFORE:
        yield rest
    start, _, last = name.rpartition("-")
    if start and last in _BEHIND:
        yield start
    for affix in _GLUED:
        if name.startswith(affix) and name != affix:
            yield name.removeprefix(affix).strip("-")
        if name.endswith(affix) and name != affix:
            yield name.removesuffix(affix).strip("-")
