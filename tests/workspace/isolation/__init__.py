"""A walk over every address of the server, as somebody whose data they are not."""
