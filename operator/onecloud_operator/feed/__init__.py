"""How the cloud is watched: one feed for each project of each cloud, whatever the number of its servers."""

from onecloud_operator.feed.feed import Feed
from onecloud_operator.feed.feeds import Feeds
from onecloud_operator.feed.gone import GoneLimiter
from onecloud_operator.feed.health import FeedHealth
from onecloud_operator.feed.options import FeedOptions

__all__ = ["Feed", "FeedHealth", "FeedOptions", "Feeds", "GoneLimiter"]
