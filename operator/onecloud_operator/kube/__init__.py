"""All of Kubernetes: kopf, the client, the watch, Secrets, and what is known of objects and their CRD."""
