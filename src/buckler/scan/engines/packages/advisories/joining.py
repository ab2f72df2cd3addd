"""Reads what else is known of CVE: CISA's catalogue of what is exploited (KEV), and EPSS."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from buckler.core.errors import AdvisoryError

_MOST: Final = 200_000_000
_CVE: Final = re.compile(r"CVE-\d{4}-\d{4,}")
_GZIP: Final = b"\x1f\x8b"


def exploited(path: Path) -> Mapping[str, tuple[str, bool]]:
    """Of CISA's ``known_exploited_vulnerabilities.json``: by CVE the day it was added, and whether ransomware uses it.

    Raises:
        AdvisoryError: It is no such file.
    """
    try:
        items = json.loads(_read(path))["vulnerabilities"]
        return {
            item["cveID"]: (
                str(item["dateAdded"]),
                str(item.get("knownRansomwareCampaignUse", "")).lower() == "known",
            )
            for item in items
            if _CVE.fullmatch(item["cveID"])
        }
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise AdvisoryError(
            f"{path} is no catalogue of known exploited vulnerabilities: {error}",
            hint="CISA publishes it as known_exploited_vulnerabilities.json",
        ) from error


def likely(path: Path) -> Mapping[str, tuple[float, float]]:
    """Of EPSS' ``epss_scores-….csv`` or ``.csv.gz``: by CVE probability and percentile, 0 to 1.

    Raises:
        AdvisoryError: It is no such file.
    """
    text = io.StringIO(_read(path).decode("utf-8", "replace"))
    found = dict(_scores(csv.reader(line for line in text if not line.startswith("#"))))
    if not found:
        raise AdvisoryError(
            f"{path} holds no EPSS scores",
            hint="FIRST publishes them as epss_scores-current.csv.gz",
        )
    return found


def _scores(rows: Iterator[list[str]]) -> Iterator[tuple[str, tuple[float, float]]]:
    for row in rows:
        if len(row) >= 3 and _CVE.fullmatch(row[0]):
            try:
                score, percentile = float(row[1]), float(row[2])
            except ValueError:
                continue  # a row of words among the numbers
            if 0 <= score <= 1 and 0 <= percentile <= 1:
                yield row[0], (score, percentile)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            packed = stream.read(2) == _GZIP
            stream.seek(0)
            data = (gzip.GzipFile(fileobj=stream) if packed else stream).read(_MOST + 1)
    except (OSError, EOFError) as error:
        raise AdvisoryError(f"{path} cannot be read: {error}") from error
    if len(data) > _MOST:
        raise AdvisoryError(f"{path} holds more than {_MOST // 10**6} MB")
    return data
