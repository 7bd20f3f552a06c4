"""Work queue, fair shares, backoff and supervised tasks. Knows nothing of servers or Kubernetes."""
