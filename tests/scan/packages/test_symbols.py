"""The table of symbols: every name is one that its package has, every weakness one that is published."""

from __future__ import annotations

import importlib
import json
import re
import zipfile
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from buckler.scan.engines.packages import advisories
from buckler.scan.engines.packages.advisories.symbols import Symbols, parsed
from buckler.scan.engines.source.flow.libraries.names import FORM
from tests.scan.packages.osv import published

TABLE = dict(parsed(files(advisories).joinpath("symbols.txt").read_text(encoding="utf-8")))
GONE = {
    "OpenSSL.crypto.PKCS12": "removed in pyOpenSSL 23.3",
    "OpenSSL.crypto.PKCS12Type": "removed in pyOpenSSL 23.3",
    "OpenSSL.crypto.load_pkcs12": "removed in pyOpenSSL 23.3",
    "OpenSSL.crypto.X509Extension": "removed in pyOpenSSL 26",
    "apprise.plugins.NotifyIFTTT": "a module of that name holds the class since 1.8",
    "aiohttp.web.Application.router.add_static": "of what the property gives",
}
"""Names that the installed version has not, and affected ones had."""


def installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def exists(name: str) -> bool:
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            thing: Any = importlib.import_module(".".join(parts[:count]))
        except ImportError:
            continue
        for part in parts[count:]:
            if not hasattr(thing, part):
                return False
            thing = getattr(thing, part)
        return True
    return False


def names(ways: Symbols) -> set[str]:
    return {symbol.name for symbol in ways.all} - {FORM}


HERE = sorted({package for package, _ in TABLE if installed(package)})


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("package", HERE)
def test_what_is_installed_has_the_names(package: str) -> None:
    wanted = {n for (p, _), ways in TABLE.items() if p == package for n in names(ways)}
    assert {name for name in wanted if not exists(name)} == wanted & set(GONE)


def test_enough_is_installed_to_tell() -> None:
    assert {"pyyaml", "pyjwt", "jinja2", "requests", "urllib3", "starlette"} <= set(HERE)


def test_the_docs_count_as_the_table_does() -> None:
    text = (Path(__file__).parents[3] / "docs/packages.md").read_text(encoding="utf-8")
    assert f"{len(TABLE)} entries for {len({p for p, _ in TABLE})} packages" in text


@pytest.fixture(scope="module")
def texts() -> dict[tuple[str, str], str]:
    """What the published records say, by package and name of the weakness."""
    found: dict[tuple[str, str], str] = {}
    with zipfile.ZipFile(published()) as stream:
        for name in stream.namelist():
            record = json.loads(stream.read(name))
            said = f"{record.get('summary', '')} {record.get('details', '')}"
            for item in record.get("affected", []):
                package = canonicalize_name(item["package"]["name"])
                for one in (record["id"], *record.get("aliases", [])):
                    found[package, one] = found.get((package, one), "") + said
    return found


def test_published_records_are_covered(texts: dict[tuple[str, str], str]) -> None:
    covered = set(TABLE) & set(texts)
    assert len(covered) >= 280 and len({package for package, _ in covered}) >= 110


def test_what_is_not_installed_was_seen_in_a_wheel_or_is_named_by_its_record(
    texts: dict[tuple[str, str], str],
) -> None:
    lines = (Path(__file__).with_name("symbols_seen.txt")).read_text().splitlines()
    seen = {n for line in lines if not line.startswith("#") for n in line.split()[2:]}
    unknown = [
        (package, weakness, name)
        for (package, weakness), ways in TABLE.items()
        if not installed(package)
        for name in sorted(names(ways) - seen)
        if not any(
            re.search(rf"\b{re.escape(part)}\b", texts.get((package, weakness), ""))
            for part in name.split(".")[1:]
            if len(part) > 2
        )
    ]
    assert unknown == []


@pytest.mark.parametrize(
    "line",
    ["CVE-1", "CVE-1 package", "CVE-1 package $nowhere", "CVE-1 package a.b(", "CVE-1 p a.b(x@y)"],
)
def test_a_line_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="line 1 of the table of symbols"):
        list(parsed(line))
