"""Snapshots: what is stored of a state, and what may be taken for it again."""
