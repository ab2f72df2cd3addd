import logging

import requests

logger = logging.getLogger(__name__)


class Notifier:
    def __init__(self, timeout: float) -> None:
        self.timeout = timeout

    def test(self, subscription) -> None:
        address = str(subscription.callback)
        try:
            requests.post(address, json={"event": subscription.event}, timeout=self.timeout)
        except requests.RequestException:
            logger.info("callback could not be reached")
