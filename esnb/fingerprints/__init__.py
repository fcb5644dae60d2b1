"""What code does, as one short text that changes when the code does."""
