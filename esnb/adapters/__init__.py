"""What the adapters for EventStoreDB and for Redis have in common."""
