"""Fetches what databases publish, into a file that is gone afterwards.

Threat: an answer without an end (CWE-400), a redirect to plain HTTP where somebody on the way writes the advisories
(CWE-319). Only https is asked, loopback aside, at each step of a redirect.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from buckler.core.errors import AdvisoryError

if TYPE_CHECKING:
    import httpx2

SOURCE: Final = "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"
"""OSV's archive of everything known of PyPI, made anew several times a day."""
MAX_BYTES: Final = 1_000_000_000
SECONDS: Final = 30.0
IN_ALL: Final = 900.0
REDIRECTS: Final = 5
_LOOPBACK: Final = frozenset(("localhost", "127.0.0.1", "::1"))


def is_address(source: str) -> bool:
    """Whether a source is an address and no path."""
    return "://" in source


@contextlib.contextmanager
def fetched(
    address: str, seen: Callable[[int, int], None] = lambda done, total: None
) -> Iterator[Path]:
    """A file with what an address answers.

    Args:
        address: ``https://…``.
        seen: Told the bytes that came, and how many there will be; 0 where nobody says.

    Raises:
        AdvisoryError: It is not https, does not answer 200 in time, or answers too much.
    """
    try:
        import httpx2
    except ImportError as error:
        raise AdvisoryError(
            "fetching advisories needs httpx2",
            hint="pip install 'buckler[packages]', or --from FILE with what you fetched yourself",
        ) from error
    name = urlsplit(address).path.rpartition("/")[2][-80:] or "all.zip"
    with tempfile.TemporaryDirectory(prefix="buckler-") as folder:
        path = Path(folder, name)
        try:
            with httpx2.Client(timeout=SECONDS, follow_redirects=False) as client:
                _download(client, address, path, seen)
        except httpx2.HTTPError as error:
            raise AdvisoryError(
                f"{address} cannot be fetched: {error or type(error).__name__}",
                hint="fetch it where there is a network and give it with --from FILE",
            ) from error
        yield path


def _download(
    client: httpx2.Client, address: str, path: Path, seen: Callable[[int, int], None]
) -> None:
    for _ in range(REDIRECTS + 1):
        _check(address)
        with client.stream("GET", address) as answer:
            if answer.status_code in (301, 302, 303, 307, 308):
                address = urljoin(address, answer.headers.get("location", ""))
                continue
            if answer.status_code != 200:
                raise AdvisoryError(
                    f"{address} answers {answer.status_code}",
                    hint="--from takes another address or a file",
                )
            return _save(answer, address, path, seen)
    raise AdvisoryError(f"{address} is the end of more than {REDIRECTS} redirects")


def _save(
    answer: httpx2.Response, address: str, path: Path, seen: Callable[[int, int], None]
) -> None:
    said = answer.headers.get("content-length", "")
    total = int(said) if said.isdigit() else 0
    done, until = 0, time.monotonic() + IN_ALL
    with path.open("wb") as stream:
        for chunk in answer.iter_bytes():
            done += len(chunk)
            if done > MAX_BYTES:
                raise AdvisoryError(f"{address} answers more than {MAX_BYTES // 10**9} GB")
            if time.monotonic() > until:
                raise AdvisoryError(f"{address} took more than {IN_ALL / 60:.0f} minutes")
            stream.write(chunk)
            seen(done, total)


def _check(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise AdvisoryError(
        f"{address} is not https: somebody on the way could write the advisories",
        hint="use https, or a file",
    )
