"""What publishers do in Redis, one step a script."""
