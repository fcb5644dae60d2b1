SELECT position, stream, revision, type, created, event_id, body
FROM events
WHERE position BETWEEN ?1 AND ?2
ORDER BY position
LIMIT ?3
