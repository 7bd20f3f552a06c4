"""What is sent for a login is what the platform has taken in the recorded exchanges."""

from __future__ import annotations

import pytest

from onecloud_operator.translate import deploy_keypair, deploy_password, set_password
from tests.cloud.recorded import exchanges

PASSWORD = "Orders-2026.x2"


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("set-password", set_password("root", PASSWORD)),
        ("deploy", deploy_password(PASSWORD)),
        ("deploy", deploy_keypair("ops")),
    ],
)
def test_the_platform_has_taken_such_a_request(action: str, body: dict[str, object]) -> None:
    taken = [one.body for one in exchanges() if one.path.endswith(f"/{action}") and one.status == 200]
    assert {"server": body} in taken
