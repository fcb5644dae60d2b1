"""Connection strings as people may see them: never with a password."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import SupportsIndex, TypeVar, cast
from urllib.parse import parse_qs, urlsplit

EMBEDDED_NAME = "esnb-embedded"
"""Connection name by which esnb's own embedded servers are recognised in a URI."""

# Up to the last `@` of the word: a password may hold any of `/?#@` when it was
# pasted unquoted, and then the rest of the URI is not a loss either. The second
# branch is a URI whose scheme was forgotten.
_CREDENTIALS = re.compile(r"(?<=://)\S*@|(?<![^\s'\"=(])[^\s'\":/]+:(?!//)[^\s'\"]*@")
_SECRET_OPTION = re.compile(r"(?i)\b(password|passwd|secret|token)=[^&\s]*")
_URI = re.compile(r"(?i)\b((?:esdb|kurrentdb|kdb|rediss?|unix)(?:\+discover)?://)([^\s'\"`]+)")
_HOST = r"(?:\[[\w:.%]+\]|[\w.-]+|…)(?::(?:\d+|port))?"
_HOSTS = re.compile(rf"(?:\*\*\*@)?(?:{_HOST}(?:,{_HOST})*)?")
_WORD_OPTIONS = frozenset(
    [
        "tls",
        "maxdiscoverattempts",
        "discoveryinterval",
        "gossiptimeout",
        "nodepreference",
        "tlsverifycert",
        "defaultdeadline",
        "keepaliveinterval",
        "keepalivetimeout",
        "db",
        "cluster",
        "timeout",
        "socket_timeout",
        "socket_connect_timeout",
        "socket_keepalive",
        "retry_on_timeout",
        "max_connections",
        "health_check_interval",
        "protocol",
        "decode_responses",
        "ssl_cert_reqs",
        "ssl_check_hostname",
        "password",
        "passwd",
        "secret",
        "token",
    ]
)
_WORDS = re.compile(
    r"(?i)true|false|yes|no|none|optional|required|leader|follower|random|readonlyreplica"
    r"|\d+(\.\d+)?|\*\*\*"
)
_TEXT_OPTIONS = frozenset(
    [
        "connectionname",
        "client_name",
        "tlscafile",
        "usercertfile",
        "userkeyfile",
        "ssl_ca_certs",
        "ssl_certfile",
        "ssl_keyfile",
    ]
)


def masked(text: str) -> str:
    """`text` with the credentials of every URI in it replaced by `***`.

    >>> masked("esdb://admin:changeit@db.example:2113?Tls=true")
    'esdb://***@db.example:2113?Tls=true'
    """
    text = _SECRET_OPTION.sub(r"\1=***", _CREDENTIALS.sub("***@", text))
    return _URI.sub(lambda found: found[1] + _plain(found[2]), text)


def _plain(rest: str) -> str:
    """What follows a URI's scheme, without what may be a password at the wrong place."""
    text = rest.rstrip(".,;:)]>}")
    end = rest[len(text) :]
    place, mark, query = text.partition("?")
    hosts, _, path = place.partition("/")
    is_socket = hosts in ("", "***@")
    if "#" in text or not _HOSTS.fullmatch(hosts) or not (is_socket or path.isdigit() or not path):
        return ("***@" if text.startswith("***@") else "") + "***" + end
    options = map(_option, query.split("&") if query else ())
    return place + mark + "&".join(options) + end


def _option(text: str) -> str:
    """An option of a URI; another one may be a password's misspelt, or a part of a password."""
    name, _, value = text.partition("=")
    if name.lower() in _TEXT_OPTIONS:
        return text
    return text if name.lower() in _WORD_OPTIONS and _WORDS.fullmatch(value) else "***"


def masked_uri(text: str) -> str:
    """A URI, malformed as it may be, without anything that could be its credentials.

    >>> masked_uri("esdb://admin:two words@db.example")
    'esdb://***@db.example'
    """
    text = re.sub(r"(?s)^((?:\w[\w+.-]*:/{1,2})?).*@", r"\1***@", masked(text))
    scheme, mark, rest = text.partition("://")
    return scheme + mark + _plain(rest) if mark else text


class Uri(str):
    """A connection string that does not show its credentials where it is only looked at.

    Tracebacks with local variables (IPython's `%xmode Verbose`, rich) and the
    reprs of what holds it do that. As text it is itself.

    >>> uri = Uri("redis://:secret@cache.example")
    >>> uri
    'redis://***@cache.example'
    >>> uri == "redis://:secret@cache.example"
    True
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(masked_uri(self))

    def __getitem__(self, place: SupportsIndex | slice) -> str:
        return _Part(super().__getitem__(place))  # as whoever shows the beginning of long texts


class _Part(str):
    """A part of a connection string, which may be that of a password."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def guarded(text: str) -> str:
    """`text`; where it may have credentials, as a `Uri`, which keeps them to itself."""
    return Uri(text) if "@" in text or masked(text) != text else text


_Given = TypeVar("_Given")


def guarded_argument(given: _Given) -> _Given:
    """An argument for which a connection string may be taken: guarded if it is one."""
    if isinstance(given, str) and re.search(r"://|:.*@", given):
        return cast("_Given", guarded(given))
    return given


def guard(settings: MutableMapping[str, str]) -> None:
    """Makes `settings` show no credentials; its values stay the same text."""
    for name, value in settings.items():
        if isinstance(value, str):
            settings[name] = guarded(value)


def guarded_settings(*settings: Mapping[str, str] | None) -> dict[str, str]:
    """All of them in one, later ones first, which shows no credentials."""
    merged: dict[str, str] = {}
    for each in settings:
        merged.update(each or {})
    guard(merged)
    return merged


def masked_error(error: BaseException) -> str:
    """Kind and message of an error, without credentials; any store and page can take it.

    >>> masked_error(ValueError("no server at redis://:secret@cache.example"))
    'ValueError: no server at redis://***@cache.example'
    >>> masked_error(KeyError())
    'KeyError'
    >>> masked_error(ValueError("half of a pair: \\ud800"))
    'ValueError: half of a pair: \\\\ud800'
    """
    try:
        text = str(error)
    except Exception as another:  # noqa: BLE001  whatever its own __str__ raises
        text = f"its text raises {type(another).__name__}"
    text = masked(f"{type(error).__name__}: {text}".rstrip(": "))
    return text.encode("utf-8", "backslashreplace").decode()


def is_embedded(uri: str) -> bool:
    """Whether `uri` leads to a server that esnb started itself."""
    query = parse_qs(urlsplit(uri).query)
    return any(
        EMBEDDED_NAME in values
        for key, values in query.items()
        if key.lower() in ("connectionname", "client_name")
    )


def display_uri(uri: str) -> str:
    """How an error names a server: `embedded`, else its URI without credentials.

    An embedded server's port or socket is another one at every start and says
    nothing to the reader.

    >>> display_uri("redis://:secret@cache.example:6379/0")
    'redis://***@cache.example:6379/0'
    >>> display_uri("esdb://127.0.0.1:4711?Tls=false&connectionName=esnb-embedded")
    'embedded'
    """
    return "embedded" if is_embedded(uri) else masked(uri)
