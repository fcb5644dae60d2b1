"""Values as Python source."""
