"""Every test here is about the CRD, as a real API server serves it."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def _always(served: None) -> None:
    """Have the CRD served."""
