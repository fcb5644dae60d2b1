"""Whether servers that run elsewhere answer, and as what."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import urlsplit

import grpc
import redis
from eventsourcing.persistence import OperationalError

from esnb.clients import installed
from esnb.clients.certificate import ROOT_CERTIFICATES, certificate_problem, pem_text
from esnb.clients.cluster import MemberUnreachableError, NoMemberError
from esnb.clients.eventstoredb import EventStoreDB
from esnb.clients.redis import redis_client, split_cluster
from esnb.clients.status import status_of
from esnb.clients.uri import masked
from esnb.connecting.target import Attached, targets_of

PROBE_STREAM = "esnb-probe"
"""Never written: reading it shows that the server answers and knows the user."""
_ANSWERING = 0.9
"""The part of the time that a cluster has: its error says more than that the time is up."""
_LEAST_TIMEOUT = 0.1
"""Seconds for a call, however late it is."""


def connect_clients(target: Attached, timeout: float) -> tuple[EventStoreDB, redis.Redis]:
    """Clients of both servers, once both have answered.

    Raises `OperationalError` after at most about `timeout` seconds, naming each
    server that did not, and what to check.
    """
    probes: dict[str, Callable[[], Any]] = {
        "eventstoredb": lambda: _probe_eventstoredb(target, timeout),
        "redis": lambda: _probe_redis(target.redis, timeout),
    }
    # Threads: a client's own discovery may take far longer than it was told to.
    answers: SimpleQueue[tuple[str, Any]] = SimpleQueue()

    def ask(name: str) -> None:
        try:
            answers.put((name, probes[name]()))
        except Exception as error:  # noqa: BLE001 - it is reported below
            answers.put((name, error))

    for name in probes:
        threading.Thread(target=ask, args=(name,), daemon=True).start()
    results: dict[str, Any] = {}
    deadline = time.monotonic() + timeout
    while len(results) < len(probes):
        try:
            name, result = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            break
        results[name] = result
    failures = []
    for name, describe in (("eventstoredb", _eventstoredb_failure), ("redis", _redis_failure)):
        result = results.get(name)
        if result is None or isinstance(result, Exception):
            failures.append(describe(target, result, timeout))
    if failures:
        for result in results.values():
            if not isinstance(result, Exception):
                result.close()
        raise OperationalError("; ".join(failures))
    return results["eventstoredb"], results["redis"]


def _probe_eventstoredb(target: Attached, timeout: float) -> EventStoreDB:
    deadline = time.monotonic() + timeout * _ANSWERING
    client = EventStoreDB(
        target.eventstoredb,
        root_certificates=target.certificates and pem_text(target.certificates),
        discovery_timeout=timeout * _ANSWERING,
    )
    node = client.connection_target
    is_discovered = client.is_discovered
    try:
        # The client tries a call twice.
        attempt = (deadline - time.monotonic()) / 2 if is_discovered else timeout
        client.get_current_version(PROBE_STREAM, timeout=max(_LEAST_TIMEOUT, attempt))
    except (installed.NotFound, installed.AccessDenied, installed.StreamIsDeleted):
        pass  # it has answered
    except (installed.ServiceUnavailable, installed.DeadlineExceeded) as error:
        client.close()
        if not is_discovered:
            raise
        raise MemberUnreachableError(node, _because(error)) from error
    except BaseException:
        client.close()
        raise
    return client


def _probe_redis(url: str, timeout: float) -> redis.Redis:
    # Of a cluster, the node that the URL names.
    node = split_cluster(url)[0]
    probe = redis.Redis.from_url(node, socket_timeout=timeout, socket_connect_timeout=timeout)
    probe.set_retry(redis.retry.Retry(redis.backoff.NoBackoff(), 0))
    # A user without the right to PING has been answered as well.
    with probe, suppress(redis.exceptions.NoPermissionError):
        probe.ping()
    return redis_client(url)


def _eventstoredb_failure(target: Attached, error: Exception | None, timeout: float) -> str:
    server = f"EventStoreDB at {masked(target.eventstoredb)}"
    if isinstance(error, MemberUnreachableError) and not certificate_problem(str(error)):
        return f"{server} cannot be used within {timeout:g} s: {error}"
    if isinstance(error, NoMemberError) and not isinstance(error, MemberUnreachableError):
        return (
            f"{server} cannot be used within {timeout:g} s: {error}: an election may be going on, "
            "try again, or check the members that are dead"
        )
    if error is not None and status_of(error) is grpc.StatusCode.UNAUTHENTICATED:
        return f"{server} refuses the user name or the password"
    problem = certificate_problem(str(error))
    if problem is not None:
        return f"{server} cannot be used: {problem}"
    for address in targets_of(target.eventstoredb):
        if _listens(address):
            return (
                f"{server} does not answer as EventStoreDB within {timeout:g} s, though something "
                f"listens at {address}: check the port, and whether it uses TLS "
                f"(Tls=true or Tls=false, {ROOT_CERTIFICATES}){_because(error)}"
            )
    return (
        f"{server} cannot be reached within {timeout:g} s: check the host and the port, "
        f"and whether it runs{_because(error)}"
    )


def _redis_failure(target: Attached, error: Exception | None, timeout: float) -> str:
    server = f"Redis at {masked(target.redis)}"
    if isinstance(error, redis.exceptions.AuthenticationError):
        return f"{server} refuses the user name or the password{_because(error)}"
    parts = urlsplit(target.redis)
    if isinstance(error, redis.exceptions.BusyLoadingError):
        return f"{server} is still loading its data: try again{_because(error)}"
    if parts.scheme != "unix" and _listens(f"{parts.hostname or 'localhost'}:{parts.port or 6379}"):
        return (
            f"{server} does not answer as Redis within {timeout:g} s, though something listens "
            f"there: check the port, and whether it uses TLS (redis:// or rediss://){_because(error)}"
        )
    return (
        f"{server} cannot be reached within {timeout:g} s: check the host and the port, "
        f"and whether it runs{_because(error)}"
    )


def _because(error: Exception | None) -> str:
    if error is None:
        return ""
    details = getattr(next(iter(error.args), None), "details", None)  # of a gRPC error
    said = str(details() if callable(details) else error).strip()
    first = next(iter(said.splitlines()), "")
    return f" ({type(error).__name__}: {masked(first)[:200]})"


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=0.5):
            return True
    except OSError:
        return False
