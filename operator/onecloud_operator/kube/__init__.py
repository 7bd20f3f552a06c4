"""Everything that uses kopf or Kubernetes: the client, the watch, objects, Secrets and the CRD."""
