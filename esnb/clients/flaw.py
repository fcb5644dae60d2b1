"""What is wrong with a connection string, in words that hold nothing of its text."""

from __future__ import annotations

import re
from collections.abc import Collection

_QUOTE = (
    "a user name or password with any of '?', '@', '/', '#', '%', '[' in it must be "
    "percent-encoded: urllib.parse.quote(password, safe='')"
)
_NO_CREDENTIALS = "Username and password are required"


def flaw(
    uri: str, schemes: Collection[str], options: Collection[str], error: Exception | None
) -> str:
    """What is wrong with `uri`, which was refused with `error`.

    Clients quote what they refuse, in capitals or cut to pieces: their words
    are not passed on.
    """
    scheme, _, rest = uri.partition("://")
    if scheme not in schemes:
        return f"it must begin with {' or '.join(f'{each}://' for each in schemes)}"
    if any(character.isspace() for character in uri):
        return "it has a space"
    if _is_unquoted(rest):
        return _QUOTE
    known = {each.lower() for each in options}
    query = rest.partition("?")[2]
    named = [each.partition("=")[0].lower() for each in query.split("&") if each]
    if isinstance(error, TypeError) or not known.issuperset(named):
        return f"it has an option that is not known; these are: {', '.join(options)}"
    if not _has_port(rest):
        return "its port is not a number from 1 to 65535"
    if str(error).startswith(_NO_CREDENTIALS):
        return "without Tls=false it needs a user name and a password"
    return "its host cannot be read, or the value of an option is not one that the option takes"


def _is_unquoted(rest: str) -> bool:
    """Whether an `@` comes where no credentials can be, or what precedes it cannot be read."""
    place = re.split("[/?#]", rest, maxsplit=1)[0]
    credentials = rest.rpartition("@")[0]
    return (
        "@" in rest[len(place) :]
        or place.count("@") > 1
        or "#" in rest
        or re.search(r"%(?![0-9A-Fa-f]{2})|[\[\]]", credentials) is not None
    )


def _has_port(rest: str) -> bool:
    """Whether the port of each host is one, if there are any."""
    hosts = re.split("[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    ports = re.findall(r":([^:\],]*)(?:,|$)", hosts)
    return all(re.fullmatch("[0-9]{1,5}", each) and 0 < int(each) < 65536 for each in ports)
