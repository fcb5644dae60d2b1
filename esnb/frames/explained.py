"""Why code of the domain failed, also where its error has no text."""

from __future__ import annotations

import traceback
from pathlib import PurePath

from esnb.clients.uri import masked_error


def explained(error: BaseException) -> str:
    """Kind and message of an error; without a message, the line that raised it.

    With what was noted about it.

    >>> try:
    ...     assert None
    ... except AssertionError as error:
    ...     explained(error).partition(" in ")[0]
    'AssertionError'
    """
    text = masked_error(error)
    frames = traceback.extract_tb(error.__traceback__)
    if not str(error).strip() and frames:
        last = frames[-1]
        line = f": {last.line}" if last.line else ""
        text += f" in {last.name}(), line {last.lineno} of {PurePath(last.filename).name}{line}"
    return ", ".join([text, *getattr(error, "__notes__", ())])
