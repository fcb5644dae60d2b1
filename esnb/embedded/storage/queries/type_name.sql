SELECT name FROM types WHERE number = ?1
