"""Where a view's keys live: one namespace, one cluster slot."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, unquote

from eventsourcing.utils import Environment

from esnb.setting import SettingError

REDIS_KEY_PREFIX = "REDIS_KEY_PREFIX"
REDIS_NAMESPACE = "REDIS_NAMESPACE"

_TRACKING = "~tracking"
DEFAULT_PREFIX = "esnb"
_LABEL = re.compile(r"[A-Za-z0-9_.-]+")


def key_prefix(env: Environment) -> str:
    """What begins every key of esnb: `REDIS_KEY_PREFIX`, by default `esnb`.

    Raises SettingError for a
    prefix with braces, which would put every key into one cluster slot.
    """
    prefix = env.get(REDIS_KEY_PREFIX) or DEFAULT_PREFIX
    if "{" in prefix or "}" in prefix:
        raise SettingError(
            f"{REDIS_KEY_PREFIX} is {prefix!r}, and braces make a cluster hash tag: "
            "esnb sets its own tag behind the prefix, choose one without braces"
        )
    return prefix


def tag_part(name: str) -> str:
    """`name` with everything escaped that could end or blur a hash tag."""
    return quote(name, safe="")


@dataclass(frozen=True)
class Namespace:
    """The keys of one view: `{prefix}:{{name}}:` and what begins with it.

    The name is the hash tag, so all of them share a cluster slot and one
    script may touch them together. With a `label` it is another set of keys in
    the same slot: a rebuild fills one, and its keys are then renamed over the
    view's own.

    >>> Namespace("esnb", "Totals").key("by-day", "2013-01-01")
    'esnb:{Totals}:by-day:2013-01-01'
    >>> Namespace("esnb", "Totals", "rebuild").key("by-day")
    'esnb:{Totals}@rebuild:by-day'
    """

    prefix: str
    name: str
    label: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a view needs a name: it is the hash tag that keeps its keys together")
        if self.label and not _LABEL.fullmatch(self.label):
            raise SettingError(
                f"{REDIS_NAMESPACE} is {self.label!r}: letters, digits, '_', '.' and '-' only"
            )

    @classmethod
    def of(cls, env: Environment, default_name: str) -> Namespace:
        """The namespace for the projection that `env` is named after."""
        return cls(key_prefix(env), env.name or default_name, env.get(REDIS_NAMESPACE) or "")

    @cached_property
    def root(self) -> str:
        label = f"@{self.label}" if self.label else ""
        return f"{self.prefix}:{{{tag_part(self.name)}}}{label}"

    def key(self, *parts: object) -> str:
        """The full key for `parts`, joined by colons."""
        if not parts:
            raise ValueError(f"a key of view {self.name!r} needs at least one part: key('totals')")
        return ":".join([self.root, *map(str, parts)])

    # '~' follows the root directly, where a view's own key has ':'.
    @cached_property
    def tracking(self) -> str:
        """Hash: checkpoints, the last commit's token, the generation."""
        return f"{self.root}{_TRACKING}"

    @staticmethod
    def tracking_keys(prefix: str) -> str:
        """The pattern, as SCAN takes it, of every `tracking` below a prefix."""
        escaped = "".join(f"\\{each}" if each in "*?[]\\" else each for each in prefix)
        return f"{escaped}:{{*}}*{_TRACKING}"

    @staticmethod
    def name_in(tracking: str, prefix: str) -> str:
        """The view's name in such a key, and its label behind it."""
        name, _, rest = tracking[len(prefix) + 2 :].partition("}")
        return unquote(name) + rest.removesuffix(_TRACKING)

    @cached_property
    def registry(self) -> str:
        """Hash: every key of the view that exists."""
        return f"{self.root}~keys"

    def channel(self, application_name: str) -> str:
        """Where each new checkpoint is published."""
        return f"{self.tracking}:{application_name}"
