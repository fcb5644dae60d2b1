"""JSON documents with secondary indexes: a building block of read models."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from esnb.redis.commands import Commands
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

    Keys, behind the view's own prefix: hash `{name}` (id to JSON), sorted sets
    `{name}:ids` (in the order of ids), `{name}:by:{field}:{value}` and
    `{name}:order:{field}` (by number; equal ones by id). Redis compares
    numbers as floats: those that differ only behind the fifteenth digit are
    equal to it.

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
        self._name = name
        self._by = by if isinstance(by, Mapping) else dict.fromkeys(by)
        self._order = tuple(order)
        self._indexed = indexed
        self._queued: WeakKeyDictionary[Commands, dict[str, Document | None]] = WeakKeyDictionary()
        """What a commit that is not at its end has put, which Redis does not show yet."""

    # --- writing -----------------------------------------------------------------------

    def put(self, commands: Commands, document_id: object, document: Document) -> None:
        """Stores a document in the place of the one with this id.

        Raises TypeError or ValueError for what JSON cannot hold, and for a
        value that is no number (text of one is: `"4.50"`) in a field that gives
        an order.
        """
        key = str(document_id)
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
        new = json.loads(text)
        self._move(commands, key, self._old(commands, key), new)
        commands.hset(self._key(), key, text)
        commands.zadd(self._key("ids"), {key: 0})

    def change(self, commands: Commands, document_id: object, **fields: Any) -> Document:
        """Replaces some fields; returns the document as it is then.

        Raises KeyError where there is no such document.
        """
        old = self._old(commands, str(document_id))
        if old is None:
            raise KeyError(f"no document {str(document_id)!r} in {self._key()!r}: put() it first")
        new = {**old, **fields}
        self.put(commands, document_id, new)
        return new

    def remove(self, commands: Commands, document_id: object) -> None:
        """Takes a document out; does nothing where there is none."""
        key = str(document_id)
        old = self._old(commands, key)
        if old is not None:
            self._move(commands, key, old, None)
            commands.hdel(self._key(), key)
            commands.zrem(self._key("ids"), key)

    # --- reading -------------------------------------------------------------------------

    def get(self, document_id: object) -> Document | None:
        """The document with this id."""
        found = self._view.redis.hget(self._key(), str(document_id))
        return None if found is None else _decoded(found)

    def __len__(self) -> int:
        return int(self._view.redis.hlen(self._key()))

    def page(self, *, start: int = 0, limit: int = 20) -> Found:
        """`limit` documents from the `start`th, by id."""
        return self._found(self._range(self._key("ids"), start, limit))

    def where(self, field: str, value: object, *, start: int = 0, limit: int = 20) -> Found:
        """Documents whose `field` has this value, in the order that `by` gives, else by id."""
        self._check(field, self._by, "by")
        return self._found(self._range(self._key("by", field, value), start, limit))

    def count(self, field: str, value: object) -> int:
        """How many documents `where()` finds."""
        self._check(field, self._by, "by")
        return int(self._view.redis.zcard(self._key("by", field, value)))

    def between(
        self,
        field: str,
        low: float | None = None,
        high: float | None = None,
        *,
        start: int = 0,
        limit: int = 20,
    ) -> Found:
        """Documents whose `field` is from `low` to `high`, both included, lowest first."""
        self._check(field, self._order, "order")
        _check_page(start, limit)
        ids = self._view.redis.zrangebyscore(
            self._key("order", field),
            "-inf" if low is None else float(low),
            "+inf" if high is None else float(high),
            start=start,
            num=limit,
        )
        return self._found(ids)

    def top(self, field: str, count: int = 10) -> Found:
        """The `count` documents with the highest `field`, highest first."""
        self._check(field, self._order, "order")
        return self._found(self._range(self._key("order", field), 0, count, descending=True))

    # --- inside ----------------------------------------------------------------------------

    def _key(self, *parts: object) -> str:
        return self._view.key(self._name, *parts)

    def _old(self, commands: Commands, key: str) -> Document | None:
        queued = self._queued.setdefault(commands, {})
        return queued[key] if key in queued else self.get(key)

    def _move(
        self, commands: Commands, key: str, old: Document | None, new: Document | None
    ) -> None:
        """From the places of `old` in the indexes to those of `new`."""
        before = old if old and self._indexed(old) else {}
        after = new if new and self._indexed(new) else {}
        for field, by in self._by.items():
            was, becomes = before.get(field), after.get(field)
            if was is not None and was != becomes:
                commands.zrem(self._key("by", field, was), key)
            score = _number(after, by)
            if becomes is not None and (was != becomes or _number(before, by) != score):
                commands.zadd(self._key("by", field, becomes), {key: score})
        for field in self._order:
            was, becomes = before.get(field), after.get(field)
            if becomes is not None:
                commands.zadd(self._key("order", field), {key: float(becomes)})
            elif was is not None:
                commands.zrem(self._key("order", field), key)
        self._queued.setdefault(commands, {})[key] = new

    def _range(
        self, key: str, start: int, limit: int, *, descending: bool = False
    ) -> Iterable[object]:
        _check_page(start, limit)
        ids: Iterable[object] = self._view.redis.zrange(
            key, start, start + limit - 1, desc=descending
        )
        return ids

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

    def _check(self, field: str, fields: Collection[str], what: str) -> None:
        if field not in fields:
            raise ValueError(
                f"{self._name!r} has no index {field!r} of this kind, only {list(fields)}: give "
                f"Documents(…, {what}=[{field!r}]) and rebuild the view"
            )


def _number(document: Document, field: str | None) -> float:
    """What puts a document in order; 0 where it has no such number."""
    value = None if field is None else document.get(field)
    return 0.0 if value is None else float(value)


def _decoded(text: Any) -> Document:
    document: Document = json.loads(text)
    return document


def _check_page(start: int, limit: int) -> None:
    if start < 0 or limit < 1:
        raise ValueError(
            f"start={start}, limit={limit}: a page starts at 0 or later and has entries"
        )
