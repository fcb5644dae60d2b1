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
_REACHING = 2.5
"""Seconds that a member has to take a connection; gRPC allows a connection 2."""
_READABLE = frozenset({*_PREFERRED["random"], _State.ReadOnlyLeaderless})
"""Where to read when no member is in the preferred state, which is a wish."""


class NoMemberError(DiscoveryFailed):  # type: ignore[misc, valid-type, unused-ignore]
    """The cluster has answered, and no member is fit for what it is wanted for."""


class MemberUnreachableError(NoMemberError):
    """A cluster names a node that cannot be connected to from here."""

    def __init__(self, target: str, because: str) -> None:
        super().__init__(
            f"its cluster names {target} as the node to use, which does not answer here"
            f"{because}: check that this machine can resolve and reach that address (the nodes' "
            "advertised host and port), and whether that node runs"
        )


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


def choose_member(found: Iterable[Member], preference: str) -> Member | None:
    """The member to use, by the `NodePreference`; only one that is alive.

    None where there is no leader, or more than one: an election is going on. Any
    other preference is a wish: without such a member, any that can be read.

    >>> dead = Member("a:2113", 8, is_alive=False)
    >>> print(choose_member([dead, Member("b:2113", 8, is_alive=True)], "leader"))
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
        self._members: dict[str, tuple[Any, set[grpc.ChannelConnectivity]]] = {}

    def __enter__(self) -> Cluster:
        for target in self._targets:
            self._calls[target] = _gossip(self._open(target))
        return self

    def _open(self, target: str) -> grpc.Channel:
        channel = self._channel(target)
        self._stack.callback(channel.close)
        return channel

    def _member(self, target: str) -> tuple[Any, set[grpc.ChannelConnectivity]]:
        """The call to a member, and the states that its connection has had."""
        if target not in self._members:
            channel, states = self._open(target), set[grpc.ChannelConnectivity]()
            channel.subscribe(states.add)
            self._members[target] = _gossip(channel), states
        return self._members[target]

    def _begin(self, call: Any, timeout: float) -> Any:
        return call.future(
            shared_pb2.Empty(),
            timeout=timeout,
            metadata=self._metadata,
            credentials=self._credentials,
        )

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def find(
        self, preference: str, attempts: Attempts, is_unwanted: Callable[[], bool]
    ) -> tuple[str, Member]:
        """The target that answered, and the member to use, which can be connected to.

        For a while after a node has died the others go on naming it: they are
        asked again. Raises NoMemberError, which names the members, when none of
        them is fit in all the time, MemberUnreachableError when the one that is
        cannot be reached, and DiscoveryFailed when no target answers.
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
            future = self._begin(call, timeout)
            future.add_done_callback(lambda done, target=target: answers.put((target, done)))
        unfit: list[list[Member]] = []
        silent: list[str] = []
        away: dict[str, MemberUnreachableError] = {}
        for _ in self._calls:
            target, done = take(answers)
            if done.code() is not grpc.StatusCode.OK:
                silent.append(f"{target} {_failure(done)}")
                continue
            found = members(done.result())
            if len(found) == 1:
                found = [_as_reached(found[0], target)]
            while chosen := choose_member(
                [each for each in found if each.target not in away], preference
            ):
                error = None if chosen.target == target else self._unreachable(chosen, attempts)
                if error is None:
                    return target, chosen
                away[chosen.target] = error
            unfit.append(found)
        return next(iter(away.values()), None) or _reason(preference, unfit, silent)

    def _unreachable(self, member: Member, attempts: Attempts) -> MemberUnreachableError | None:
        """Why a member cannot be connected to; None where it can, whatever it then answers."""
        timeout = max(0.1, min(_REACHING, attempts.until - time.monotonic()))
        done: SimpleQueue[Any] = SimpleQueue()
        call, states = self._member(member.target)
        self._begin(call, timeout).add_done_callback(done.put)
        ended = take(done)
        is_late = ended.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        is_connected = not is_late or grpc.ChannelConnectivity.READY in states
        if is_connected and ended.code() is not grpc.StatusCode.UNAVAILABLE:
            return None
        return MemberUnreachableError(
            member.target, f" ({' '.join((ended.details() or '').split())})"
        )


def _gossip(channel: grpc.Channel) -> Any:
    return channel.unary_unary(
        _METHOD, shared_pb2.Empty.SerializeToString, gossip_pb2.ClusterInfo.FromString
    )


def _as_reached(single: Member, target: str) -> Member:
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
