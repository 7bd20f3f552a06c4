"""The custom resource: its spec, its status, its reasons, and the CRD that is generated from them."""
