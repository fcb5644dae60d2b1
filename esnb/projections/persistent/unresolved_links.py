"""Links whose target is gone: the client passes over them, and nobody acknowledges them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from esnb.clients.links import on_unresolved_links


def acknowledge_unresolved(subscription: Any, on_unresolved: Callable[[], object]) -> Any:
    """Has `subscription` acknowledge links to events that no longer exist.

    The server delivers such a link with no event. Both clients drop it
    silently, so the server would deliver it again until it is parked.
    """

    def acknowledge(answer: Any) -> None:
        subscription.ack(UUID(answer.event.link.id.string))
        on_unresolved()

    return on_unresolved_links(subscription, acknowledge)
