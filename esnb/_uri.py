"""Connection strings as people may see them: never with a password."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

EMBEDDED_NAME = "esnb-embedded"
"""Connection name by which esnb's own embedded servers are recognised in a URI."""

# Up to the last `@` of the word: a password may hold any of `/?#@` when it was
# pasted unquoted, and then the rest of the URI is no loss either. The second
# branch is a URI whose scheme was forgotten.
_CREDENTIALS = re.compile(r"(?<=://)\S*@|(?<![^\s'\"=(])[^\s'\":/]+:(?!//)[^\s'\"]*@")
_SECRET_OPTION = re.compile(r"(?i)\b(password|passwd|secret|token)=[^&\s]*")


def masked(text: str) -> str:
    """`text` with the credentials of every URI in it replaced by `***`.

    >>> masked("esdb://admin:changeit@db.example:2113?Tls=true")
    'esdb://***@db.example:2113?Tls=true'
    """
    return _SECRET_OPTION.sub(r"\1=***", _CREDENTIALS.sub("***@", text))


def said(error: BaseException) -> str:
    """Kind and message of an error, without credentials; any store and page can take it.

    >>> said(ValueError("no server at redis://:secret@cache.example"))
    'ValueError: no server at redis://***@cache.example'
    >>> said(KeyError())
    'KeyError'
    >>> said(ValueError("half of a pair: \\ud800"))
    'ValueError: half of a pair: \\\\ud800'
    """
    text = masked(f"{type(error).__name__}: {error}".rstrip(": "))
    return text.encode("utf-8", "backslashreplace").decode()


def is_embedded(uri: str) -> bool:
    """Whether `uri` leads to a server that esnb started itself."""
    query = parse_qs(urlsplit(uri).query)
    return any(
        EMBEDDED_NAME in values
        for key, values in query.items()
        if key.lower() in ("connectionname", "client_name")
    )


def described(uri: str) -> str:
    """How an error names a server: `embedded`, else its URI without credentials.

    An embedded server's port or socket is another one at every start and says
    nothing to the reader.

    >>> described("redis://:secret@cache.example:6379/0")
    'redis://***@cache.example:6379/0'
    >>> described("esdb://127.0.0.1:4711?Tls=false&connectionName=esnb-embedded")
    'embedded'
    """
    return "embedded" if is_embedded(uri) else masked(uri)
