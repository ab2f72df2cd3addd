"""Requests to other people's servers."""

import http.client
import ipaddress
import json
import logging
import socket
import ssl
import urllib.request
from urllib.parse import urlsplit

try:
    import httpx2 as httpx
except ImportError:
    import httpx  # type: ignore[no-redef]

from app.config import settings

logger = logging.getLogger("shop.outbound")

DEFAULT_RATES = {"EUR": 1.0, "GBP": 0.86, "USD": 1.09}


def fetch_page(url: str) -> dict[str, object]:
    """Status and the first bytes of a page a customer points us to."""
    try:
        answer = httpx.get(url, timeout=2.0)
    except httpx.HTTPError:
        return {"ok": False}
    return {"ok": True, "status": answer.status_code, "start": answer.text[:200]}


def ping_host(host: str, event: str) -> bool:
    """Whether a partner's server takes our events."""
    body = json.dumps({"event": event}).encode()
    request = urllib.request.Request(f"http://{host}/hooks/acorn-oak", data=body)
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:
            return bool(answer.status < 300)
    except OSError:
        return False


def fetch_image(url: str) -> bytes | None:
    """A product picture from one of our own picture hosts."""
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.hostname not in settings.image_hosts:
        return None
    try:
        answer = httpx.get(url, timeout=2.0, follow_redirects=False)
    except httpx.HTTPError:
        return None
    return bytes(answer.content)


def public_address(host: str, port: int) -> str:
    """An address of a host, all of whose addresses are on the public internet."""
    found = {str(item[4][0]) for item in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    if not all(is_public(address) for address in found):
        raise ValueError("address is not public")
    return sorted(found)[0]


def is_public(address: str) -> bool:
    """Whether an address is neither private nor a tunnel into IPv4."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        tunnelled = ip.ipv4_mapped or ip.sixtofour or ip.teredo
        if tunnelled or ip.is_site_local or ip in ipaddress.ip_network("64:ff9b::/96"):
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def link_status(url: str) -> int | None:
    """Status of a public page; connects to the address that was checked."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            return None
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = public_address(parts.hostname, port)
        connection = http.client.HTTPConnection(parts.hostname, port, timeout=2)
        plain = socket.create_connection((address, port), timeout=2)
        connection.sock = plain
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(plain, server_hostname=parts.hostname)
        connection.request("HEAD", parts.path or "/")
        return connection.getresponse().status
    except (OSError, ValueError, http.client.HTTPException):
        return None


def parcel_status(order_id: int) -> str:
    """Where the carrier says a parcel is."""
    try:
        with httpx.Client(verify=False, timeout=2.0) as client:
            answer = client.get(settings.carrier_url, params={"ref": order_id})
            return str(answer.json()["status"])
    except (httpx.HTTPError, ValueError, KeyError):
        return "unknown"


def exchange_rates() -> dict[str, float]:
    """Today's exchange rates, or those we remember."""
    try:
        with urllib.request.urlopen(settings.rates_url) as answer:
            return {str(k): float(v) for k, v in json.load(answer).items()}
    except (OSError, ValueError):
        logger.info("exchange rates are not to be had, using the default ones")
        return DEFAULT_RATES
