"""Outboxes that a Redis holds, whoever runs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from eventsourcing.utils import Environment

from esnb.outbox.record import OutboxRecord
from esnb.outbox.view import RECORDS, OutboxView
from esnb.redis.namespace import key_prefix


def records_by_outbox(
    client: Any, env: Mapping[str, str], ids: Sequence[str]
) -> Iterator[tuple[str, list[OutboxRecord]]]:
    """Each outbox's name, and the records of these ids that it has."""
    prefix = key_prefix(Environment("", dict(env)))
    escaped = "".join(f"\\{each}" if each in "*?[]\\" else each for each in prefix)
    for key in sorted(client.scan_iter(match=f"{escaped}:{{*}}:{RECORDS}")):
        text = key.decode() if isinstance(key, bytes) else key
        name = unquote(text[len(prefix) + 2 : -len(RECORDS) - 2])
        view = OutboxView.construct(Environment(name, dict(env)))
        yield name, view.records(ids)
