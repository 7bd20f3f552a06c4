"""Health, metrics and logs of the process."""
