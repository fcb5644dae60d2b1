"""Numbers for names: streams and event types are numbers in the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

_REMEMBERED = 200_000


class NewName(NamedTuple):
    """A name that a batch of records is the first to use."""

    number: int
    name: str


class Names:
    """Names of one kind, read from the log where they are not remembered."""

    def __init__(
        self,
        find: Callable[[str], int | None],
        name_of: Callable[[int], str],
        last: int,
    ) -> None:
        self._find = find
        self._name_of = name_of
        self._next = last + 1
        self._numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._unwritten: dict[int, str] = {}

    def number(self, name: str) -> int | None:
        """The number of `name`, None when no record ever used it."""
        found = self._numbers.get(name)
        if found is None:
            found = self._find(name)
            if found is not None:
                self._remember(found, name)
        return found

    def name(self, number: int) -> str:
        """The name that `number` stands for."""
        found = self._names.get(number)
        if found is None:
            found = self._name_of(number)
            self._remember(number, found)
        return found

    def use(self, name: str, new: list[NewName]) -> int:
        """The number of `name`; a new one is also put on `new`, to be written with the records."""
        found = self.number(name)
        if found is None:
            found = self._next
            self._next += 1
            self._remember(found, name)
            self._unwritten[found] = name
            new.append(NewName(found, name))
        return found

    def written(self, names: list[NewName]) -> None:
        """These are in the log now."""
        for new in names:
            self._unwritten.pop(new.number, None)

    def forget(self) -> None:
        """Start over from what the log holds. A number is never given to a second name,
        so whoever has judged a name by its number need not be told."""
        self._numbers.clear()
        self._names.clear()
        self._unwritten.clear()

    def _remember(self, number: int, name: str) -> None:
        if len(self._numbers) >= _REMEMBERED and not self._unwritten:
            self._numbers.clear()
            self._names.clear()
        self._numbers[name] = number
        self._names[number] = name
