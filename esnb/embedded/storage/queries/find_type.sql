SELECT number FROM types WHERE name = ?1
