INSERT INTO events (position, stream, revision, type, created, event_id, body)
VALUES (?, ?, ?, ?, ?, ?, ?)
