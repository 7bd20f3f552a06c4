"""Which of several processes may work."""
