SELECT position, stream, revision, type, created, event_id, body
FROM events
WHERE stream = ?1 AND revision BETWEEN ?2 AND ?3
ORDER BY revision DESC
LIMIT ?4
