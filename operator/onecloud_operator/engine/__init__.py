"""What makes it run at scale: queue, backoff, supervised tasks. It knows no servers and no Kubernetes."""
