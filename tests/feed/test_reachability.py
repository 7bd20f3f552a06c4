"""What the log tells of a cloud that goes away and comes back."""

from __future__ import annotations

import pytest

from onecloud_operator.core.values import Place
from onecloud_operator.feed.feed_health import HealthTracker
from onecloud_operator.feed.feed_options import FeedOptions


def test_a_cloud_that_goes_away_is_a_warning_with_its_host_and_why(caplog: pytest.LogCaptureFixture) -> None:
    place = Place("https://cloud.example:5000/v3", "region0", "p0")
    tracker: HealthTracker[str] = HealthTracker(place, lambda: 0.0, FeedOptions())
    for _ in range(2):
        tracker.crashed("a bug", 0.0)
    (record,) = caplog.records
    told = vars(record)
    assert (record.levelname, record.message) == ("WARNING", "lost the connection to the cloud")
    assert (told["cloud"], told["project"], told["reason"]) == ("cloud.example:5000", "p0", "ProviderError")
    assert "a bug" in told["detail"]
