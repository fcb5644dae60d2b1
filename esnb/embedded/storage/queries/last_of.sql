SELECT position, stream, revision, type, created, event_id, body
FROM events
WHERE stream = ?
ORDER BY revision DESC
LIMIT 1
