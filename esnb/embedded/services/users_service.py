"""The `Users` service: accounts are kept as EventStoreDB keeps them, but nobody needs one.

The embedded server is insecure as `--insecure` is: it asks for no password,
checks none and stores none.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import grpc

from esnb.embedded.services.features_service import Features
from esnb.embedded.services.plain_messages import Fields, fields, options, text, texts, unary
from esnb.embedded.services.status import Stated, aborted, of_error
from esnb.embedded.storage import wire
from esnb.embedded.storage.record import Proposed, content
from esnb.embedded.streams.errors import InvalidRequest, Refused
from esnb.embedded.streams.node import Node
from esnb.embedded.streams.system_stream import UNSOUND, newest_first
from esnb.embedded.streams.versioning import ANY

SERVICE = "event_store.client.users.Users"
FEATURES: Features = {
    SERVICE.lower(): dict.fromkeys(
        (
            "create",
            "update",
            "delete",
            "disable",
            "enable",
            "details",
            "changepassword",
            "resetpassword",
        ),
        (),
    )
}
_STREAM = "$user-"
_TICKS_AT_1970 = 621_355_968_000_000_000
User = dict[str, Any]


class UsersService:
    """Accounts as streams `$user-LOGIN`, whose newest event is the account."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def handlers(self) -> grpc.GenericRpcHandler:
        """The service's methods; its messages are in neither client's stubs."""
        methods = {
            "Create": self._create,
            "Update": self._update,
            "Delete": self._delete,
            "Disable": self._disable,
            "Enable": self._enable,
            "ChangePassword": self._touch,
            "ResetPassword": self._touch,
        }
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {name: unary(method, options) for name, method in methods.items()}
            | {"Details": grpc.unary_stream_rpc_method_handler(self._details)},
        )

    async def _create(self, request: Fields) -> bytes:
        login = text(request, 1)
        if not login:
            raise InvalidRequest("the request names no login")
        if self._found(login) is not None:
            raise Stated(
                grpc.StatusCode.FAILED_PRECONDITION,
                "Conflict.",
                exception="user-conflict",
                login_name=login,
            )
        await self._write(login, "$UserCreated", _user(request, disabled=False))
        await self._append("$users", "$User", login)
        return b""

    async def _update(self, request: Fields) -> bytes:
        before, _ = self._existing(text(request, 1))
        user = _user(request, disabled=bool(before.get("Disabled")))
        await self._write(text(request, 1), "$UserUpdated", user)
        return b""

    async def _delete(self, request: Fields) -> bytes:
        login = text(request, 1)
        self._existing(login)
        await self._node.delete(_STREAM + login, ANY)
        return b""

    async def _disable(self, request: Fields) -> bytes:
        user, _ = self._existing(text(request, 1))
        await self._write(text(request, 1), "$UserUpdated", {**user, "Disabled": True})
        return b""

    async def _enable(self, request: Fields) -> bytes:
        user, _ = self._existing(text(request, 1))
        await self._write(text(request, 1), "$UserUpdated", {**user, "Disabled": False})
        return b""

    async def _touch(self, request: Fields) -> bytes:
        """There is no password to change, and none is checked."""
        self._existing(text(request, 1))
        return b""

    async def _details(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        try:
            login = text(options(request), 1) if fields(request) else ""
            logins = [login] if login.strip() else self._logins()
            found = [self._existing(one) for one in logins]
        except Refused as error:
            await aborted(context, of_error(error))
        for user, updated in found:
            yield details_message(user, updated)

    def _logins(self) -> list[str]:
        """Every account that was not deleted, in the order of their creation."""
        users = self._node.reader.forwards("$users", 0, 2**63 - 1)
        logged = [] if users is None else [content(record).data for record in users.records]
        logins = dict.fromkeys(filter(None, map(_read_login, logged)))
        return [login for login in logins if self._found(login) is not None]

    def _existing(self, login: str) -> tuple[User, int]:
        found = self._found(login)
        if found is None:
            raise Stated(
                grpc.StatusCode.NOT_FOUND,
                f"User '{login}' is not found.",
                exception="user-not-found",
                login_name=login,
            )
        return found

    def _found(self, login: str) -> tuple[User, int] | None:
        """The account and when it was changed (100 ns since 1970)."""
        for record in newest_first(self._node.store, _STREAM + login):
            with suppress(*UNSOUND):
                return _read_user(content(record).data), record.created
        return None

    async def _write(self, login: str, type: str, user: User) -> None:
        await self._append(_STREAM + login, type, user)

    async def _append(self, stream: str, type: str, data: Any) -> None:
        event = Proposed(uuid.uuid4().bytes, type, True, json.dumps(data).encode(), b"")
        await self._node.append(stream, ANY, [event])


def _read_user(data: bytes) -> User:
    """The account that an event keeps; raises one of `UNSOUND` for any other."""
    user: User = json.loads(data)
    details_message(user, 0)
    return user


def _read_login(data: bytes) -> str | None:
    """Whom an event of `$users` names; clients can write there, too."""
    with suppress(*UNSOUND):
        login = json.loads(data)
        return login if isinstance(login, str) and login.encode() else None
    return None


def _user(request: Fields, *, disabled: bool) -> User:
    return {
        "LoginName": text(request, 1),
        "FullName": text(request, 3),
        "Groups": texts(request, 4),
        "Disabled": disabled,
    }


def details_message(user: User, updated: int) -> bytes:
    """`DetailsResp`: the account in field 1."""
    groups = user.get("Groups") or []
    return wire.tagged(
        1,
        wire.tagged(1, str(user.get("LoginName", "")).encode())
        + wire.tagged(2, str(user.get("FullName", "")).encode())
        + b"".join(wire.tagged(3, str(group).encode()) for group in groups)
        + wire.tagged(4, wire.number(1, _TICKS_AT_1970 + updated))
        + wire.number(5, int(bool(user.get("Disabled")))),
    )
