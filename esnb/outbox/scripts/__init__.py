"""What publishers do in Redis, one step per script."""
