"""A hostile tenant and its lying cloud beside an honest one, on one API server and one operator."""
