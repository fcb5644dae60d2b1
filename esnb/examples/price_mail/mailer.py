"""Price changes become mails in a folder."""

from __future__ import annotations

import email
import email.policy
import os
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from esnb.outbox import Job, OutboxRecord, Route

QUEUE = "price-mails"


def route(record: OutboxRecord) -> Route | None:
    """Price changes go to the queue of mails; nothing else is sent."""
    if record.type != "Product.PriceUpdated":
        return None
    return Route(QUEUE, attempts=3, backoff={"type": "exponential", "delay": 1000})


class PriceMailer:
    """A worker's function: writes the mail of a price change into a folder.

    The file is named after the job, so that a job that runs twice (its worker
    was killed before it could say that it had done it) writes the same mail
    over again.
    """

    def __init__(self, folder: str | os.PathLike[str], to: str = "customers@example.org") -> None:
        self._folder = Path(folder)
        self._to = to

    def __call__(self, job: Job) -> dict[str, Any]:
        price, reason = job.payload["price"], job.payload["reason"]
        mail = EmailMessage()
        mail["From"] = "shop@example.org"
        mail["To"] = self._to
        mail["Subject"] = f"The price is now {price}"
        mail["Message-ID"] = f"<{job.id}@example.org>"
        mail["X-Correlation-ID"] = job.headers["correlation_id"]
        mail.set_content(f"{job.data['aggregate_id']} costs {price} from now on: {reason}.\n")
        job.progress(50)
        self._folder.mkdir(parents=True, exist_ok=True)
        whole = self._folder / f"{job.id}.eml"
        part = whole.with_suffix(".part")
        part.write_bytes(mail.as_bytes(policy=email.policy.default))
        part.replace(whole)
        return {"mail": whole.name, "subject": mail["Subject"]}


def mails(folder: str | os.PathLike[str]) -> list[EmailMessage]:
    """The mails in a folder, by the names of their files."""
    found = []
    for path in sorted(Path(folder).glob("*.eml")):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        found.append(mail)
    return found
