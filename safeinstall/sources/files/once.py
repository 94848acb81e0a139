"""Something that is done once, by the first thread that asks for it."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


class Once(Generic[_T]):
    """Does a thing when it is first called; every call returns what came of it, or raises it. For many threads."""

    def __init__(self, do: Callable[[], _T]) -> None:
        """Call *do* at most once."""
        self._do = do
        self._first = Lock()
        self._answer: Future[_T] = Future()

    def __call__(self) -> _T:
        """Return the result; wait for it, if another thread is at it."""
        if self._first.acquire(blocking=False):
            try:
                self._answer.set_result(self._do())
            except BaseException as error:  # noqa: BLE001 - raised again below, for everyone who asks
                self._answer.set_exception(error)
        return self._answer.result()

    @property
    def ended(self) -> bool:
        """Whether it has been done, or failed."""
        return self._answer.done()

    @property
    def error(self) -> BaseException | None:
        """What it failed with, if it has ended so."""
        return self._answer.exception() if self._answer.done() else None
