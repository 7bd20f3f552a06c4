"""What is to be seen of the process: health, metrics, log."""
