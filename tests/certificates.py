"""Certificates that nobody trusts unless he is told to."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """A key and the certificate that it signed itself, both PEM."""

    key: bytes
    chain: bytes

    @property
    def pair(self) -> tuple[bytes, bytes]:
        return self.key, self.chain

    @classmethod
    def made(cls, directory: Path, names: str = "IP:127.0.0.1,DNS:localhost") -> Certificate:
        """For servers of those names. Needs the program `openssl`."""
        key, chain = directory / "server.key", directory / "server.pem"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=esnb test"),
                *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
                *("-addext", f"subjectAltName={names}", "-keyout", str(key), "-out", str(chain)),
            ],
            check=True,
            capture_output=True,
        )
        return cls(key.read_bytes(), chain.read_bytes())
