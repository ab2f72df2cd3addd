from .reader import FeedReader
