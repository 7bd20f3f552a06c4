"""Fields that the manifest leaves to others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.user import User


def writes(user: User) -> dict[str, int]:
    """Return how often each call was made that may change something."""
    return {call: count for call, count in user.cloud.counts().items() if not call.startswith("GET")}


def test_what_is_ignored_is_made_and_then_left_to_others(user: User) -> None:
    drift = {"ignore": ["description", "tags", "powerState"]}
    user.apply(server={"description": "made", "tags": {"team": "shop"}}, drift=drift)
    identity = user.wait_ready()["id"]
    assert user.only_server()["description"] == "made"
    user.cloud.call("change", ident=identity, description="theirs")
    status = user.wait(lambda s: s["server"].get("description") == "theirs")
    assert "drift" not in status
    sent = writes(user)
    user.apply(server={"description": "edited", "powerState": "Stopped"}, drift=drift)
    status = user.wait_ready()
    assert (status["state"], status["server"]["description"]) == ("Running", "theirs")
    assert writes(user) == sent
    user.apply(server={"description": "edited", "powerState": "Stopped"})
    status = user.wait(lambda s: s.get("state") == "Stopped" and s["server"]["description"] == "edited")
    assert "tags" not in status["server"], "a tag that left the spec goes once tags are looked after again"
