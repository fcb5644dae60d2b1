SELECT name FROM streams WHERE number = ?1
