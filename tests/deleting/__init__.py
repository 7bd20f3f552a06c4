"""Deletions with a namespace controller, by the steps of the documentation."""
