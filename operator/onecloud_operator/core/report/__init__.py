"""What is to be said: facts and a step in, a status and Events out."""
