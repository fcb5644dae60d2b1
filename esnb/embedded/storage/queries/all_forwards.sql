SELECT position, stream, revision, type, created, event_id, body
FROM events
WHERE position BETWEEN ? AND ?
ORDER BY position
LIMIT ?
