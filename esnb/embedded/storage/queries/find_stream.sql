SELECT number FROM streams WHERE name = ?1
