"""Streams over a log: what EventStoreDB does with them, without gRPC."""
