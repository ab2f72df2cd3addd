import logging

import httpx2

log = logging.getLogger("hooks")


def notify(address: str, event: dict) -> None:
    try:
        httpx2.post(address, json=event, timeout=3)
    except httpx2.HTTPError as error:
        log.warning("hook failed: %r", error)
