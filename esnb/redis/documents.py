"""JSON documents with secondary indexes: a building block of read models."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from esnb.redis.arguments import encodable, end, whole
from esnb.redis.commands import Commands
from esnb.redis.errors import ViewOutdatedError
from esnb.redis.index import Index, as_json, escaped, json_text
from esnb.redis.view import RedisView

Document = dict[str, Any]
Found = list[tuple[str, Document]]
"""Ids and documents."""


class Documents:
    """Documents by id, found by the values of some of their fields, page by page.

    Make it in the view's `__init__`, write through the `commands` of a
    `commit()`, read any time. `by` names the fields that documents are found
    by with `where()`; as a mapping, each with a field of numbers that puts what
    is found in order: `by={"category": "price"}`. `order` names fields, of
    numbers, that put all documents in an order for `between()` and `top()`. A
    document without the field is in no index of it, and one for which
    `indexed` is false in none at all: `get()` and `page()` find it still.

    >>> class Products(RedisView):
    ...     def __init__(self, env):
    ...         super().__init__(env)
    ...         self.products = Documents(self, "products", by=["category"], order=["price"])
    ...
    ...     def add(self, sku, category, price, tracking):
    ...         with self.commit(tracking) as commands:
    ...             self.products.put(commands, sku, {"category": category, "price": price})

    A value is found as the JSON that it is: `where("kind", Kind.TEA)` is
    `where("kind", "tea")`, a tuple is a list, and 1, 1.0, true, "1" and null
    are five values. Text is compared by its characters, unnormalised.

    Keys, behind the view's own prefix: hash `{name}` (id to JSON), sorted sets
    `{name}:ids` (in the order of ids), `{name}:by:{field}:{value as JSON}` and
    `{name}:order:{field}` (by number; equal ones by id), with `%3A` for a colon
    in a name; and the string `{name}:_index`, which says of which fields the
    indexes are. Redis compares numbers as floats: those that differ only behind
    the fifteenth digit are equal to it.

    What was filled with other fields, or by esnb 0.1, whose indexes told values
    apart by their text, is not searched and not written: ViewOutdatedError says
    that the view must be rebuilt (`runner.rebuild()`). `get()` and `page()` go
    on showing it.

    A change reads the document's old version to take it out of the indexes.
    In a runner's batch that first commits the events before, so such views
    are filled more slowly than those that only write.
    """

    def __init__(
        self,
        view: RedisView,
        name: str,
        *,
        by: Collection[str] | Mapping[str, str] = (),
        order: Collection[str] = (),
        indexed: Callable[[Document], bool] = lambda document: True,
    ) -> None:
        self._view = view
        self._name = encodable(name, "name of documents")
        self._index = Index(
            dict(by) if isinstance(by, Mapping) else dict.fromkeys(by), sorted({*order})
        )
        for field in (*self._index.by, *self._index.order):
            encodable(field, "field")
        self._indexed = indexed
        self._queued: WeakKeyDictionary[Commands, dict[str, Document | None]] = WeakKeyDictionary()
        """What a commit that is not at its end has put, which Redis does not show yet."""

    # --- writing -----------------------------------------------------------------------

    def put(self, commands: Commands, document_id: object, document: Document) -> None:
        """Stores a document in the place of the one with this id.

        Raises TypeError or ValueError for what JSON cannot hold, and for a
        value that is not a number (text of one is: `"4.50"`) in a field that gives
        an order; ViewOutdatedError for a view that must be rebuilt first.
        """
        key = _id(document_id)
        self._put(commands, key, self._old(commands, key), document)

    def change(self, commands: Commands, document_id: object, **fields: Any) -> Document:
        """Replaces some fields; returns the document as it is then.

        Raises KeyError where there is no such document, and what `put()` raises.
        """
        key = _id(document_id)
        old = self._old(commands, key)
        if old is None:
            raise KeyError(f"no document {key!r} in {self._key()!r}: put() it first")
        return self._put(commands, key, old, {**old, **fields})

    def remove(self, commands: Commands, document_id: object) -> None:
        """Takes a document out; does nothing where there is none."""
        key = _id(document_id)
        old = self._old(commands, key)
        if old is not None:
            self._move(commands, key, self._places(key, old), {})
            commands.hdel(self._key(), key)
            commands.zrem(self._key("ids"), key)
            self._queued[commands][key] = None

    # --- reading -------------------------------------------------------------------------

    def get(self, document_id: object) -> Document | None:
        """The document with this id."""
        found = self._view.redis.hget(self._key(), _id(document_id))
        return None if found is None else _decoded(found)

    def __len__(self) -> int:
        return int(self._view.redis.hlen(self._key()))

    def page(self, *, start: int = 0, limit: int = 20) -> Found:
        """`limit` documents from the `start`th, by id.

        Raises TypeError for what is not a whole number, ValueError for a start below 0
        and a limit below 1; so do `where()`, `between()` and `top()`.
        """
        start, limit = _page(start, limit)
        return self._found(self._view.redis.zrange(self._key("ids"), start, start + limit - 1))

    def where(self, field: str, value: object, *, start: int = 0, limit: int = 20) -> Found:
        """Documents whose `field` has this value, in the order that `by` gives, else by id.

        Raises TypeError or ValueError for a value that JSON cannot hold, and
        ViewOutdatedError for a view that must be rebuilt first.
        """
        start, limit = _page(start, limit)
        key, wanted = self._by_key(field, value)
        return self._found(self._ask(wanted, lambda ask: ask.zrange(key, start, start + limit - 1)))

    def count(self, field: str, value: object) -> int:
        """How many documents `where()` finds."""
        key, wanted = self._by_key(field, value)
        return int(self._ask(wanted, lambda ask: ask.zcard(key)))

    def between(
        self,
        field: str,
        low: float | None = None,
        high: float | None = None,
        *,
        start: int = 0,
        limit: int = 20,
    ) -> Found:
        """Documents whose `field` is from `low` to `high`, both included, lowest first.

        Raises ValueError for an end that a float does not hold, NaN among them.
        """
        start, limit = _page(start, limit)
        key, wanted = self._order_key(field)
        lowest, highest = end(low, "low", "-inf"), end(high, "high", "+inf")
        return self._found(
            self._ask(
                wanted, lambda ask: ask.zrangebyscore(key, lowest, highest, start=start, num=limit)
            )
        )

    def top(self, field: str, count: int = 10) -> Found:
        """The `count` documents with the highest `field`, highest first."""
        count = whole(count, "count", 1)
        key, wanted = self._order_key(field)
        return self._found(self._ask(wanted, lambda ask: ask.zrange(key, 0, count - 1, desc=True)))

    # --- inside ----------------------------------------------------------------------------

    def _key(self, *parts: str) -> str:
        return self._view.key(escaped(self._name), *parts)

    def _by_key(self, field: str, value: object) -> tuple[str, Index]:
        """Where documents of this value are, and the index that it belongs to."""
        self._require(field, self._index.by, "by")
        found = as_json(value, f"{self._name!r} is asked for {field!r}")
        return self._by_place(field, found), Index({field: self._index.by[field]}, [])

    def _order_key(self, field: str) -> tuple[str, Index]:
        self._require(field, self._index.order, "order")
        return self._order_place(field), Index({}, [field])

    def _by_place(self, field: str, value: object) -> str:
        return self._key("by", escaped(field), json_text(value))

    def _order_place(self, field: str) -> str:
        return self._key("order", escaped(field))

    def _old(self, commands: Commands, key: str) -> Document | None:
        """The document that this commit finds; the first time, the indexes are looked at, too."""
        queued = self._queued.get(commands)
        if queued is None:
            found = self._begin(commands, key)
            self._queued[commands] = {}
            return found
        return queued[key] if key in queued else self.get(key)

    def _begin(self, commands: Commands, key: str) -> Document | None:
        asked = self._view.redis.pipeline(transaction=False)
        asked.get(self._key("_index"))
        asked.hget(self._key(), key)
        stored, found = asked.execute()
        if stored is None:
            self._require_new()
            commands.set(self._key("_index"), self._index.text())
        elif stored != self._index.text():
            raise self._outdated(f"are {Index.read(stored)}, and those to be filled {self._index}")
        return None if found is None else _decoded(found)

    def _ask(self, wanted: Index, question: Callable[[Any], Any]) -> Any:
        """What an index answers, if what is stored has it."""
        asked = self._view.redis.pipeline(transaction=False)
        asked.get(self._key("_index"))
        question(asked)
        stored, answer = asked.execute()
        if stored is None:
            self._require_new()
        elif not Index.read(stored).has(wanted):
            raise self._outdated(f"are {Index.read(stored)}, without {wanted}")
        return answer

    def _require_new(self) -> None:
        """ViewOutdatedError where there are documents, of whose indexes nothing is said."""
        own = {self._key(), self._view.key(self._name)}
        if any(self._view.redis.type(key) == "hash" for key in own):
            raise self._outdated(
                "do not say of which fields they are, as those of esnb 0.1, which told values "
                "apart by their text"
            )

    def _outdated(self, problem: str) -> ViewOutdatedError:
        return ViewOutdatedError(
            f"the indexes of documents {self._name!r} in view {self._view.namespace.name!r} "
            f"{problem}: rebuild the view, runner.rebuild()"
        )

    def _put(
        self, commands: Commands, key: str, old: Document | None, document: Document
    ) -> Document:
        new: Document = as_json(document, f"document {key!r} of {self._name!r}")
        # First what can be refused: a commit that goes on then has queued nothing.
        before, after = self._places(key, old), self._places(key, new)
        self._move(commands, key, before, after)
        commands.hset(self._key(), key, json_text(new, sort_keys=False))
        commands.zadd(self._key("ids"), {key: 0})
        self._queued[commands][key] = new
        return new

    def _places(self, key: str, document: Document | None) -> dict[str, float]:
        """The keys of the indexes that a document is in, and its number in each."""
        if not document or not self._indexed(document):
            return {}
        places: dict[str, float] = {}
        for field, by in self._index.by.items():
            if field in document:
                place = self._by_place(field, document[field])
                places[place] = self._number(key, document, by) or 0.0
        for field in self._index.order:
            number = self._number(key, document, field)
            if number is not None:
                places[self._order_place(field)] = number
        return places

    def _number(self, key: str, document: Document, field: str | None) -> float | None:
        """What puts a document in order; None where it has no such number."""
        value = None if field is None else document.get(field)
        if value is None:
            return None
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(self._no_number(key, field, value)) from error
        if number != number:
            raise ValueError(self._no_number(key, field, value))
        return number

    def _no_number(self, key: str, field: str | None, value: object) -> str:
        return (
            f"document {key!r} of {self._name!r} has {value!r} in {field!r}, which gives an order "
            "and takes numbers, or text of them: put a number, or None"
        )

    def _move(
        self, commands: Commands, key: str, before: dict[str, float], after: dict[str, float]
    ) -> None:
        """From some places in the indexes to others."""
        for place in before:
            if place not in after:
                commands.zrem(place, key)
        for place, number in after.items():
            if before.get(place) != number:
                commands.zadd(place, {key: number})

    def _found(self, ids: Iterable[object]) -> Found:
        wanted = [str(each) for each in ids]
        if not wanted:
            return []
        texts: Sequence[Any] = self._view.redis.hmget(self._key(), wanted)
        # One that was removed between the two reads is left out.
        return [
            (key, _decoded(text))
            for key, text in zip(wanted, texts, strict=True)
            if text is not None
        ]

    def _require(self, field: str, fields: Collection[str], what: str) -> None:
        if field not in fields:
            raise ValueError(
                f"{self._name!r} has no index {field!r} of this kind, only {list(fields)}: pass "
                f"Documents(…, {what}=[{field!r}]) and rebuild the view"
            )


def _decoded(text: Any) -> Document:
    document: Document = json.loads(text)
    return document


def _id(document_id: object) -> str:
    return encodable(document_id, "document id")


def _page(start: int, limit: int) -> tuple[int, int]:
    return whole(start, "start", 0), whole(limit, "limit", 1)
