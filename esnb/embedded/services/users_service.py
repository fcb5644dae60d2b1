"""The `Users` service: clients can manage accounts, but nobody needs one.

The embedded server is insecure as `--insecure` is: it asks for no password,
checks none and stores none. So it keeps accounts while it runs, and no longer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import grpc

from esnb.embedded.services.features_service import Features
from esnb.embedded.services.plain_messages import Fields, fields, options, text, texts, unary
from esnb.embedded.services.status import Stated, abort, of_error
from esnb.embedded.storage import wire
from esnb.embedded.streams.errors import InvalidRequest, Refused
from esnb.embedded.streams.store import Clock

SERVICE = "event_store.client.users.Users"
_METHODS = (
    "Create",
    "Update",
    "Delete",
    "Disable",
    "Enable",
    "Details",
    "ChangePassword",
    "ResetPassword",
)
FEATURES: Features = {SERVICE.lower(): {name.lower(): () for name in _METHODS}}
_TICKS_AT_1970 = 621_355_968_000_000_000


@dataclass(frozen=True)
class Account:
    """A user; `updated` counts 100 ns since 1970."""

    login: str
    full_name: str
    groups: list[str]
    updated: int
    disabled: bool = False

    def message(self) -> bytes:
        """`DetailsResp`: the account in field 1."""
        return wire.tagged(
            1,
            wire.tagged(1, self.login.encode())
            + wire.tagged(2, self.full_name.encode())
            + b"".join(wire.tagged(3, group.encode()) for group in self.groups)
            + wire.tagged(4, wire.number(1, _TICKS_AT_1970 + self.updated))
            + wire.number(5, int(self.disabled)),
        )


class UsersService:
    """Accounts by login, in the order in which they were made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accounts: dict[str, Account] = {}
        self.reset()

    def reset(self) -> None:
        """Only the accounts that every server begins with."""
        self._accounts.clear()
        self._keep("admin", "Event Store Administrator", ["$admins"])
        self._keep("ops", "Event Store Operations", ["$ops"])

    def handlers(self) -> grpc.GenericRpcHandler:
        """The service's methods; its messages are in neither client's stubs."""
        methods = {
            "Create": self._create,
            "Update": self._update,
            "Delete": self._delete,
            "Disable": self._disable,
            "Enable": self._enable,
            "ChangePassword": self._check,
            "ResetPassword": self._check,
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
        if login in self._accounts:
            raise Stated(
                grpc.StatusCode.FAILED_PRECONDITION,
                "Conflict.",
                exception="user-conflict",
                login_name=login,
            )
        self._keep(login, text(request, 3), texts(request, 4))
        return b""

    async def _update(self, request: Fields) -> bytes:
        disabled = self._account(text(request, 1)).disabled
        self._keep(text(request, 1), text(request, 3), texts(request, 4), disabled=disabled)
        return b""

    async def _delete(self, request: Fields) -> bytes:
        del self._accounts[self._account(text(request, 1)).login]
        return b""

    async def _disable(self, request: Fields) -> bytes:
        return self._able(request, disabled=True)

    async def _enable(self, request: Fields) -> bytes:
        return self._able(request, disabled=False)

    async def _check(self, request: Fields) -> bytes:
        """There is no password to change."""
        self._account(text(request, 1))
        return b""

    async def _details(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        try:
            login = text(options(request), 1) if fields(request) else ""
            found = [self._account(login)] if login.strip() else list(self._accounts.values())
        except Refused as error:
            await abort(context, of_error(error))
        for account in found:
            yield account.message()

    def _able(self, request: Fields, *, disabled: bool) -> bytes:
        account = self._account(text(request, 1))
        self._accounts[account.login] = replace(account, disabled=disabled, updated=self._clock())
        return b""

    def _account(self, login: str) -> Account:
        account = self._accounts.get(login)
        if account is None:
            raise Stated(
                grpc.StatusCode.NOT_FOUND,
                f"User '{login}' is not found.",
                exception="user-not-found",
                login_name=login,
            )
        return account

    def _keep(
        self, login: str, full_name: str, groups: list[str], *, disabled: bool = False
    ) -> None:
        self._accounts[login] = Account(login, full_name, groups, self._clock(), disabled)
