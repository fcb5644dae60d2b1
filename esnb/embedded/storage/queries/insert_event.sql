INSERT INTO events (position, stream, revision, type, created, event_id, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
