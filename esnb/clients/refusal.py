"""Calls that a server refuses to a user: who was refused what, and which right that takes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import grpc

from esnb.clients.certificate import certificate_problem
from esnb.clients.installed import AccessDenied

REFUSED = frozenset({grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED})

_OPERATORS = "by default that takes membership of $ops or $admins"
_LOGGED_IN = (
    "by default that takes no more than a user who has logged in; a server whose policy says "
    "otherwise is for whoever runs it to change"
)
_OF_OPERATORS = {
    "PersistentSubscriptions": frozenset(
        {"Create", "Update", "Delete", "ReplayParked", "RestartSubsystem"}
    ),
    "Projections": frozenset({"Delete", "RestartSubsystem"}),
}
"""What only operators may do by default, in the services whose other calls anybody may make."""
_MANAGED = {
    "Create": "create",
    "Update": "change",
    "Delete": "delete",
    "GetInfo": "look at",
    "List": "list",
    "ReplayParked": "replay the parked events of",
    "RestartSubsystem": "restart",
    "Enable": "start",
    "Disable": "stop",
    "Reset": "reset",
    "State": "read the state of",
    "Result": "read the result of",
    "Statistics": "look at",
}
_STREAM_ACTS = {
    "Read": ("read", "$r", "$mr"),
    "Append": ("append to", "$w", "$mw"),
    "BatchAppend": ("append to", "$w", "$mw"),
    "Delete": ("delete", "$d", "$d"),
    "Tombstone": ("delete", "$d", "$d"),
}
"""What is done, the right that it takes in the stream's ACL, and the one for its metadata."""


class Explanations:
    """What to tell the user of calls that a server ends, for calls of one user.

    `user` is None where the client sends no user name, as without TLS. Calls
    with `credentials` of their own are another user's.
    """

    def __init__(self, user: str | None, credentials: Any) -> None:
        self._user = user
        self._credentials = credentials

    def explain(
        self, method: str, request: Any, credentials: Any, code: grpc.StatusCode, details: str
    ) -> str | None:
        """The text in one line; None where the server's own is all there is to say."""
        if code is grpc.StatusCode.UNAVAILABLE:
            problem = certificate_problem(details)
            return None if problem is None else f"{problem} ({' '.join(details.split())})"
        if code not in REFUSED:
            return None
        who = self._who(credentials)
        said = " ".join(details.split()) or code.name
        if code is grpc.StatusCode.UNAUTHENTICATED:
            return (
                f"{who} is not accepted ({said}): check the user name and the password in the "
                "connection string, which are sent with TLS only"
            )
        return f"{who} {_act(method, request)} ({said})"

    def _who(self, credentials: Any) -> str:
        if credentials is not None and credentials is not self._credentials:
            return "the user of this call"
        return user_text(self._user)


def explain_any(code: grpc.StatusCode, details: str) -> str | None:
    """The text for a call of a client that is not esnb's; None where the server's own is enough."""
    if code not in REFUSED:
        return None
    return (
        f"the client's user is refused ({' '.join(details.split()) or code.name}): by default $all "
        "and streams whose names begin with $ are for members of $admins; to create, change or "
        "delete a group, and to replay what it has parked, is for those of $ops, too"
    )


def user_text(user: str | None) -> str:
    """A user, for the beginning of a sentence."""
    return (
        "an anonymous user (no user name is sent without TLS)" if user is None else f"user {user!r}"
    )


def user_of(spec: Any, option: Callable[[Any, str], Any]) -> str | None:
    """The user whose name goes with the calls of a connection string; None: nobody's."""
    return spec.username if option(spec, "Tls") and spec.username and spec.password else None


def name_refused_user(method: Callable[..., Any]) -> Callable[..., Any]:
    """`method` of a client, which appends: a refusal that comes in an answer says whose it is."""

    @wraps(method)
    def call(client: Any, stream_name: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(client, stream_name, *args, **kwargs)
        except AccessDenied as error:
            if error.args:
                raise
            user = client.user if kwargs.get("credentials") is None else None
            text = f"{user_text(user)} {not_allowed('append to', stream_name, '$w')}"
            raise type(error)(f"{text} (Access Denied)") from None

    return call


def not_allowed(act: str, stream: str, right: str) -> str:
    """That a user may not do something with a stream, and what would let it."""
    if stream.startswith("$"):
        takes = "by default only members of $admins may"
    else:
        takes = "the ACL of the stream leaves it out"
    return (
        f"may not {act} {stream}: {takes}; make the user a member of $admins, or give it the right "
        f"{right} in the ACL of {stream}"
    )


def _act(method: str, request: Any) -> str:
    """What was refused by a method such as `/event_store.client.streams.Streams/Read`."""
    service, _, name = method.rpartition("/")
    service = service.rpartition(".")[2]
    options = getattr(request, "options", None)
    stream = None if options is None else _stream(options)
    if service == "Streams" and name in _STREAM_ACTS:
        act, right, metadata_right = _STREAM_ACTS[name]
        if stream is not None and stream.startswith("$$"):
            return not_allowed(f"{act} the metadata of", stream[2:], metadata_right)
        return not_allowed(act, stream or "$all", right)
    if service == "PersistentSubscriptions":
        group = getattr(options, "group_name", "")
        of = f"group {group!r} of {stream}" if group else "persistent subscriptions"
        if name == "Read":
            return (
                f"may not consume {of}: that takes the right $r in the ACL of {stream}, which by "
                "default only members of $admins have where its name begins with $"
            )
        return f"may not {_MANAGED.get(name, name)} {of}: {_managers(service, name)}"
    if service == "Projections":
        named = getattr(options, "name", "")
        what = f"projection {named!r}" if named else "projections"
        return f"may not {_MANAGED.get(name, name)} {what}: {_managers(service, name)}"
    return f"may not call {service}/{name}: {_OPERATORS}"


def _managers(service: str, name: str) -> str:
    """Who may make such a call by default."""
    return _OPERATORS if name in _OF_OPERATORS[service] else _LOGGED_IN


def _stream(options: Any) -> str | None:
    """The stream that the options of a request name."""
    present = {field.name for field, _ in options.ListFields()}
    if "all" in present:
        return "$all"
    holder = options.stream if "stream" in present else options
    identifier = getattr(holder, "stream_identifier", None)
    name = b"" if identifier is None else identifier.stream_name
    return name.decode("utf-8", "replace") or None
