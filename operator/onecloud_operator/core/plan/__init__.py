"""What is to be done: facts in, one step out."""
