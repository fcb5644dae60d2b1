SELECT position, stream, revision, type, created, event_id, body
FROM events
WHERE stream = ? AND revision BETWEEN ? AND ?
ORDER BY revision
LIMIT ?
