"""Certificates that are trusted; servers whose certificate is not, or whose TLS does not match the client's."""

from __future__ import annotations

import re
from pathlib import Path

ROOT_CERTIFICATES = "EVENTSTOREDB_ROOT_CERTIFICATES"
TRUST = (
    f"have {ROOT_CERTIFICATES} hold the certificate of the authority that signed it (PEM "
    "text, or the path of a file with it), or name that file as tlsCaFile= in the connection "
    "string; TlsVerifyCert=false has no effect on Python clients"
)
_REASON = re.compile(r"CERTIFICATE_VERIFY_FAILED:\s*([\w ,'-]+)")
_OTHER_NAME = re.compile(r"(\S+) is not in peer certificate")


def pem_text(value: str) -> str:
    """The PEM text that `EVENTSTOREDB_ROOT_CERTIFICATES` holds, or that is in the file it names.

    Raises ValueError where it is neither.
    """
    if "-----BEGIN" in value:
        return value
    try:
        return Path(value).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            f"{ROOT_CERTIFICATES} is {value!r}, which is neither PEM text nor a readable file: "
            f"{reason}"
        ) from None


def certificate_problem(text: str) -> str | None:
    """What gRPC's `text` says of the server's certificate or TLS, in words; None: nothing.

    >>> certificate_problem("SSL_ERROR_SSL: CERTIFICATE_VERIFY_FAILED: self signed certificate")[:71]
    'the certificate of the server is not trusted (self signed certificate):'
    """
    if "CERTIFICATE_VERIFY_FAILED" in text:
        reason = _REASON.search(text)
        why = "" if reason is None else f" ({reason[1].strip()})"
        return f"the certificate of the server is not trusted{why}: {TRUST}"
    other = _OTHER_NAME.search(text)
    if other is not None or "Hostname Verification Check failed" in text:
        name = "the host that the connection string names" if other is None else other[1]
        return (
            f"the certificate of the server is not for {name}: name the server as its certificate "
            "does; TlsVerifyCert=false has no effect on Python clients"
        )
    if "WRONG_VERSION_NUMBER" in text:
        return (
            "the server does not speak TLS at that port: check the port, and whether it uses TLS "
            "(Tls=true or Tls=false)"
        )
    if "empty address list" in text or "Failed to create security handshaker" in text:
        return f"the root certificates are not valid PEM: {TRUST}"
    return None
