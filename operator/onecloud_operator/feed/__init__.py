"""Watches the cloud: one feed per project of a cloud, whatever the number of its servers."""

from onecloud_operator.feed.feed import Feed
from onecloud_operator.feed.feed_health import FeedHealth
from onecloud_operator.feed.feed_options import FeedOptions
from onecloud_operator.feed.feeds import Feeds
from onecloud_operator.feed.loss_breaker import LossBreaker

__all__ = ["Feed", "FeedHealth", "FeedOptions", "Feeds", "LossBreaker"]
