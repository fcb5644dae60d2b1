"""Which stores `connect()` is asked for: embedded ones, or servers by their URIs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from esnb.clients.certificate import ROOT_CERTIFICATES, pem_text
from esnb.clients.uri import guarded, masked_uri
from esnb.clock import TickingClock, ticking

EVENTSTOREDB_VARIABLE = "EVENTSTOREDB_URI"
REDIS_VARIABLE = "REDIS_URL"


@dataclass(frozen=True)
class Embedded:
    """Servers that this process starts."""

    path: Path | None
    """Absolute directory of their data; None: kept in memory."""
    shown: str | None
    """The path as it was given."""
    clock: TickingClock | None = None
    """By which the servers record; None: by the machine's."""

    @property
    def key(self) -> object:
        """Equal for targets that share their servers within one process."""
        return self.clock if self.path is None else os.path.realpath(self.path)


@dataclass(frozen=True)
class Attached:
    """Servers that run elsewhere."""

    eventstoredb: str
    redis: str
    certificates: str | None
    """PEM text, or the absolute path of a file with it."""

    def __post_init__(self) -> None:
        for name in ("eventstoredb", "redis"):
            object.__setattr__(self, name, guarded(getattr(self, name)))

    @property
    def key(self) -> object:
        return self


Target = Embedded | Attached


def choose(
    target: str | os.PathLike[str] | None,
    *,
    path: str | os.PathLike[str] | None,
    eventstoredb: str | None,
    redis: str | None,
    embedded: bool,
    environ: Mapping[str, str],
) -> Target:
    """The stores that the arguments of `connect()`, or else the variables, name.

    Raises `ValueError` for arguments that contradict each other, for one of the
    two URIs without the other, and for malformed ones.
    """
    if target is not None:
        if path is not None or (eventstoredb is not None and _is_uri(target)):
            raise ValueError("connect() was given the same thing twice: by position and by keyword")
        if _is_uri(target):
            eventstoredb = os.fspath(target)
        else:
            path = target
    if path is not None and (eventstoredb is not None or redis is not None):
        raise ValueError(
            "connect() takes a path (embedded stores kept there) or URIs (servers that run "
            "already), not both"
        )
    if embedded and (eventstoredb is not None or redis is not None):
        raise ValueError("connect(embedded=True) does not take URIs: leave out one of them")
    if path is not None:
        return embedded_at(path)
    if embedded:
        return Embedded(None, None, ticking())
    if eventstoredb is None:
        eventstoredb = _setting(environ, EVENTSTOREDB_VARIABLE)
    if redis is None:
        redis = _setting(environ, REDIS_VARIABLE)
    if eventstoredb is None and redis is None:
        return Embedded(None, None, ticking())
    if eventstoredb is None or redis is None:
        raise _one_without_the_other(eventstoredb, redis)
    _check_eventstoredb(eventstoredb)
    _check_redis(redis)
    return Attached(eventstoredb, redis, _certificates(environ))


def _setting(environ: Mapping[str, str], variable: str) -> str | None:
    return guarded(environ.get(variable, "").strip()) or None


def targets_of(uri: str) -> list[str]:
    """The `host:port` pairs of a checked esdb:// connection string."""
    hosts = urlsplit(uri).netloc.rpartition("@")[2].split(",")
    return [host if re.search(r":\d+$", host) else f"{host}:2113" for host in map(str.strip, hosts)]


def _is_uri(target: str | os.PathLike[str]) -> bool:
    """Whether `target` is a URI; ValueError for what is neither URI nor path."""
    if not isinstance(target, (str, os.PathLike)):
        raise TypeError(f"connect() takes a path or a URI, not {target!r}")
    if not isinstance(target, str):
        return False
    if re.match(r"(?i)(rediss?|unix)://", target):
        raise ValueError(
            f"{masked_uri(target)!r} is Redis's: connect('esdb://…', redis={masked_uri(target)!r})"
        )
    if "://" in target:
        return True
    if re.match(r"(?i)(esdb|kurrentdb|kdb|rediss?)\b.*:", target) or re.match(
        r"[^/\\]*[^/\\:]:\d+$", target
    ):
        raise ValueError(
            f"{masked_uri(target)!r} looks like a server's address, but is not a URI: write "
            "esdb://host:2113?Tls=false, or ./ before the name if it is a directory"
        )
    return False


def embedded_at(path: str | os.PathLike[str]) -> Embedded:
    """Embedded stores in a directory; ValueError, TypeError for what does not name one."""
    shown = os.fspath(path)
    if not isinstance(shown, str):
        raise TypeError(f"path= takes text or a Path, not {path!r}")
    if not shown.strip() or "\0" in shown:
        raise ValueError(
            f"path={shown!r} does not name a directory: leave it out for ephemeral stores"
        )
    if "://" in shown:
        raise ValueError(
            f"path={masked_uri(shown)!r} is a URI: connect('esdb://…', redis='redis://…') leads to "
            "servers that already run"
        )
    return Embedded(Path(os.path.abspath(os.path.expanduser(shown))), shown)


def _one_without_the_other(eventstoredb: str | None, redis: str | None) -> ValueError:
    given, missing = (
        (f"EventStoreDB {masked_uri(eventstoredb)}", f"redis= or {REDIS_VARIABLE}")
        if eventstoredb is not None
        else (f"Redis {masked_uri(redis or '')}", f"eventstoredb= or {EVENTSTOREDB_VARIABLE}")
    )
    return ValueError(
        f"{given} was given without the other server: set {missing} too (events of one server "
        "must not meet checkpoints of another), or use embedded stores: connect(embedded=True)"
    )


def _malformed(name: str, uri: str, why: str) -> ValueError:
    return ValueError(f"{name} {masked_uri(uri)!r} is malformed: {why}")


def _check_eventstoredb(uri: str) -> None:
    from esnb.clients import installed

    example = "write esdb://host:2113?Tls=false or esdb://user:password@host:2113"
    problem = installed.flaw_of(uri)
    if problem:
        raise _malformed("EventStoreDB's URI", uri, f"{problem}; {example}")


def _check_redis(url: str) -> None:
    from esnb.clients.redis import flaw_of

    example = "write redis://host:6379/0, rediss://user:password@host:6379 or unix:///path"
    problem = flaw_of(url)
    if problem:
        raise _malformed("Redis's URL", url, f"{problem}; {example}")


def _certificates(environ: Mapping[str, str]) -> str | None:
    value = environ.get(ROOT_CERTIFICATES, "").strip()
    if not value:
        return None
    text = pem_text(value)
    return value if text == value else str(Path(value).expanduser().absolute())
