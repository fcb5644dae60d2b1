SELECT name FROM streams WHERE number = ?
