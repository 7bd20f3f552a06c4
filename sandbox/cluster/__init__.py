"""A real Kubernetes API server on loopback: its binaries, its processes, and a small client for it."""
