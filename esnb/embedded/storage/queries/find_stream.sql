SELECT number FROM streams WHERE name = ?
