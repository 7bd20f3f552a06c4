"""How the cloud is watched: one feed for each project of each cloud, whatever the number of its servers."""

from onecloud_operator.feed.feed import Feed
from onecloud_operator.feed.feed_options import FeedHealth, FeedOptions
from onecloud_operator.feed.feeds import Feeds
from onecloud_operator.feed.loss_breaker import LossBreaker

__all__ = ["Feed", "FeedHealth", "FeedOptions", "Feeds", "LossBreaker"]
