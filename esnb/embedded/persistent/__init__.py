"""Persistent subscriptions: groups of competing consumers, without gRPC, threads or clock."""
