"""Competing consumers over EventStoreDB's persistent subscriptions."""
