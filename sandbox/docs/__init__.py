"""Pages of the documentation that are made of the code: ``python -m sandbox.docs resource|settings``."""
