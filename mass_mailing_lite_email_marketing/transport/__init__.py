"""E-mail whose body can be built of blocks."""
