SELECT position, stream, revision, type, created, event_id, body
FROM events
WHERE stream = ?1 AND revision = ?2
