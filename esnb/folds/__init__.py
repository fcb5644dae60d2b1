"""An aggregate folded from its events, version by version."""
