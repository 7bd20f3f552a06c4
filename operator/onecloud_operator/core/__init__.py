"""Everything that decides: values in, a value out. Nothing here waits, reads a clock, logs or does I/O."""
