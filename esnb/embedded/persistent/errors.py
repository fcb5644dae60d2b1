"""What can go wrong with a group. The sentences are those that clients know."""

from __future__ import annotations

from esnb.embedded.streams.errors import Refused


class GroupError(Refused):
    """A request about a group that is not carried out."""

    def __init__(self, stream: str, group: str, text: str) -> None:
        super().__init__(f"Subscription group {group} on stream {stream} {text}")
        self.stream = stream
        self.group = group


class GroupMissing(GroupError):
    """There is no such group; `group` is empty when the stream has none at all."""

    def __init__(self, stream: str, group: str) -> None:
        super().__init__(stream, group, "does not exist.")


class GroupExists(GroupError):
    """A group of that name was created before."""

    def __init__(self, stream: str, group: str) -> None:
        super().__init__(stream, group, "exists.")


class GroupFailed(GroupError):
    """Settings with which no group can work; `reason` says which."""

    def __init__(self, stream: str, group: str, reason: str) -> None:
        super().__init__(stream, group, f"failed: '{reason}'")
        self.reason = reason


class GroupDropped(GroupError):
    """The group was updated, deleted or restarted under a consumer."""

    def __init__(self, stream: str, group: str) -> None:
        super().__init__(stream, group, "was dropped.")


class TooManyConsumers(GroupError):
    """The group has as many consumers as it may."""

    def __init__(self, stream: str, group: str) -> None:
        super().__init__(stream, group, "")
        self.args = (
            f"Maximum subscriptions reached for subscription group {group} on stream {stream}.",
        )
