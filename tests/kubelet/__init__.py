"""A package, so that what its fixtures start ends with its last test, and is started by one worker."""
