"""`browse`: streams, their events, one event."""
