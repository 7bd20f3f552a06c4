"""A cluster and a cloud on one machine, for demonstrations and tests. Never part of the operator's image."""
