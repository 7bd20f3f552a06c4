"""Pages and manifests that are made of the code: ``python -m tools.docs resource|settings|schema|values|…``."""
