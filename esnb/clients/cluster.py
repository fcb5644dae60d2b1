"""A cluster: its members as they name each other, and the one of them to use."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import grpc

from esnb.clients.installed import DiscoveryFailed, gossip_pb2, shared_pb2
from esnb.threads.outside import take

_METHOD = "/event_store.client.gossip.Gossip/Read"
_State = gossip_pb2.MemberInfo.VNodeState
LEADER = "leader"
_PREFERRED = {
    "follower": frozenset({_State.Follower}),
    "readonlyreplica": frozenset({_State.ReadOnlyReplica}),
    "random": frozenset({_State.Leader, _State.Follower, _State.ReadOnlyReplica}),
}
_READABLE = frozenset({*_PREFERRED["random"], _State.ReadOnlyLeaderless})
"""Where to read when no member is in the preferred state, which is a wish."""


class NoMemberError(DiscoveryFailed):  # type: ignore[misc, valid-type, unused-ignore]
    """The cluster has answered, and no member is fit for what it is wanted for."""


@dataclass(frozen=True)
class Member:
    """A node, as one of the cluster describes it."""

    target: str
    """`host:port`, where its clients reach it."""
    state: int
    is_alive: bool

    def __str__(self) -> str:
        known = _State.DESCRIPTOR.values_by_number.get(self.state)
        name = f"state {self.state}" if known is None else known.name
        return f"{self.target} {name} {'alive' if self.is_alive else 'dead'}"


def members(info: Any) -> list[Member]:
    """The members in an answer of Gossip's."""
    return [
        Member(
            f"{member.http_end_point.address}:{member.http_end_point.port}",
            member.state,
            member.is_alive,
        )
        for member in info.members
    ]


def preferred(found: Iterable[Member], preference: str) -> Member | None:
    """The member to use, by the `NodePreference`; only one that is alive.

    None where there is no leader, or more than one: an election is going on. A
    preference for others is a wish: without such a member any that can be read.

    >>> dead = Member("a:2113", 8, is_alive=False)
    >>> print(preferred([dead, Member("b:2113", 8, is_alive=True)], "leader"))
    b:2113 Leader alive
    """
    alive = [member for member in found if member.is_alive]
    if preference == LEADER:
        leaders = [member for member in alive if member.state == _State.Leader]
        return leaders[0] if len(leaders) == 1 else None
    for states in (_PREFERRED[preference], _READABLE):
        fit = [member for member in alive if member.state in states]
        if fit:
            return random.choice(fit)
    return None


@dataclass(frozen=True)
class Attempts:
    """How long a cluster is asked for its members."""

    until: float
    """By `time.monotonic()`."""
    most: int
    """How often, where none of the targets answers, and otherwise if it `is_strict`."""
    is_strict: bool
    gossip_timeout: float
    """Seconds that one answer may take."""
    interval: float
    """Seconds between two attempts."""

    def are_over(self, made: int, is_answered: bool) -> bool:
        """Whether `made` attempts are enough, the last of which was answered or not."""
        is_spent = made >= self.most and (self.is_strict or not is_answered)
        return is_spent or time.monotonic() + self.interval >= self.until


class Cluster:
    """The nodes that a connection string names; asked all at once, the first good answer counts.

    `channel` makes a channel to a target. Use it as a context manager: it closes them.
    """

    def __init__(
        self,
        targets: Sequence[str],
        channel: Callable[[str], grpc.Channel],
        *,
        metadata: Any = None,
        credentials: Any = None,
    ) -> None:
        self._stack = ExitStack()
        self._targets = targets
        self._channel = channel
        self._metadata = metadata
        self._credentials = credentials
        self._calls: dict[str, Any] = {}

    def __enter__(self) -> Cluster:
        for target in self._targets:
            channel = self._channel(target)
            self._stack.callback(channel.close)
            self._calls[target] = channel.unary_unary(
                _METHOD, shared_pb2.Empty.SerializeToString, gossip_pb2.ClusterInfo.FromString
            )
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def find(
        self, preference: str, attempts: Attempts, is_unwanted: Callable[[], bool]
    ) -> tuple[str, Member]:
        """The target that answered, and the member to use.

        Raises NoMemberError, which names the members, when none of them is fit
        in all the time, and DiscoveryFailed when no target answers.
        """
        made = 0
        while True:
            made += 1
            answer = self._ask(preference, attempts)
            if not isinstance(answer, Exception):
                return answer
            if is_unwanted() or attempts.are_over(made, isinstance(answer, NoMemberError)):
                raise answer
            time.sleep(attempts.interval)

    def _ask(self, preference: str, attempts: Attempts) -> tuple[str, Member] | DiscoveryFailed:  # type: ignore[valid-type, unused-ignore]
        """Asks each target once; with the reason where no answer is of use."""
        answers: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        timeout = max(0.1, min(attempts.gossip_timeout, attempts.until - time.monotonic()))
        for target, call in self._calls.items():
            future = call.future(
                shared_pb2.Empty(),
                timeout=timeout,
                metadata=self._metadata,
                credentials=self._credentials,
            )
            future.add_done_callback(lambda done, target=target: answers.put((target, done)))
        unfit: list[list[Member]] = []
        silent: list[str] = []
        for _ in self._calls:
            target, done = take(answers)
            if done.code() is not grpc.StatusCode.OK:
                silent.append(f"{target} {_failure(done)}")
                continue
            found = members(done.result())
            chosen = preferred(found, preference)
            if chosen is not None:
                return (target, chosen) if len(found) > 1 else (target, _reached(chosen, target))
            unfit.append(found)
        return _reason(preference, unfit, silent)


def _reached(single: Member, target: str) -> Member:
    """A single node, which need not know under which name it is reached."""
    return Member(target, single.state, single.is_alive)


def _failure(done: Any) -> str:
    text = " ".join((done.details() or "").split())
    return f"does not answer Gossip ({done.code().name}: {text})"


def _reason(preference: str, unfit: list[list[Member]], silent: list[str]) -> Exception:
    if not unfit:
        return DiscoveryFailed(f"no node of the cluster answers: {'; '.join(silent)}")
    found = max(unfit, key=len)
    wanted = "one leader" if preference == LEADER else f"a node to read from ({preference})"
    named = ", ".join(map(str, found)) or "none"
    return NoMemberError(
        f"the cluster has not {wanted} among its members: " + "; ".join([named, *silent])
    )
