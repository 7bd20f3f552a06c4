"""Pages and manifests that are made of the code: ``python -m sandbox.docs resource|settings|schema|values|…``."""
