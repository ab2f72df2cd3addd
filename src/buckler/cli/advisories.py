"""``buckler advisories``: what is known against packages, fetched once and read by every scan."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from buckler.core.errors import AdvisoryError
from buckler.scan.engines.packages.advisories import fetch
from buckler.scan.engines.packages.advisories.index import UPDATE, About, Index
from buckler.scan.engines.packages.advisories.model import Advisory, best_name
from buckler.scan.engines.packages.advisories.place import (
    MAX_DAYS,
    STALE_DAYS,
    VARIABLE,
    age,
    default_path,
)
from buckler.scan.engines.packages.advisories.ranges import FIXED, START, Span
from buckler.scan.engines.packages.advisories.update import Seen, update
from buckler.scan.formats import clean
from buckler.scan.formats.view import plural

_SHOWN = 5


@click.group("advisories")
def command() -> None:
    """Fetch, date and read the advisories that packages are matched against.

    One file on this machine, so that a scan needs no network. BUCKLER_ADVISORIES names another place for it.
    """


def index_option(function: Any) -> Any:
    """``--index FILE``."""
    return click.option(
        "--index",
        type=click.Path(path_type=Path),
        help=f"The index; by default what {VARIABLE} names, or a file in your cache folder.",
    )(function)


@command.command("update")
@click.option(
    "--from",
    "source",
    default=fetch.SOURCE,
    metavar="PATH|URL",
    help="OSV's all.zip, a folder of OSV records (JSON or YAML), or an https address. OSV's own by default.",
)
@click.option(
    "--kev", default="", metavar="PATH|URL", help="CISA's known_exploited_vulnerabilities.json."
)
@click.option("--epss", default="", metavar="PATH|URL", help="FIRST's epss_scores-current.csv.gz.")
@index_option
@click.option("--json", "as_json", is_flag=True, help="Say it for programs.")
def update_(source: str, kev: str, epss: str, index: Path | None, as_json: bool) -> None:
    """Make the index anew; the old one stays until the new one is whole."""
    target = index or default_path()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    ) as progress:
        task = progress.add_task("fetching" if fetch.is_address(source) else "reading", total=None)

        def fetched(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total or None)

        def read(count: int) -> None:
            progress.update(task, description=f"reading, {count:,} records")

        about, gathered = update(
            source, target, exploited=kev, likely=epss, seen=Seen(fetched, read)
        )
    for name, why in gathered.broken[:_SHOWN]:
        sys.stderr.write(f"left out {clean.line(name)}: {clean.line(why)}\n")
    if len(gathered.broken) > _SHOWN:
        sys.stderr.write(f"left out {len(gathered.broken) - _SHOWN} more\n")
    if as_json:
        click.echo(json.dumps(_about(about, target), indent=2))
    else:
        click.echo(
            f"{plural(about.records, 'advisory', 'advisories')} about {plural(about.packages, 'package')}, "
            f"the newest of {about.date[:10]}\n{target}, {target.stat().st_size / 1e6:.1f} MB"
        )


@command.command("status")
@index_option
@click.option("--json", "as_json", is_flag=True, help="Say it for programs.")
def status(index: Path | None, as_json: bool) -> None:
    """Say where the index is, what it was made of and how old it is."""
    target = index or default_path()
    with Index(target) as opened:
        about = opened.about
    if as_json:
        click.echo(json.dumps(_about(about, target), indent=2))
        return
    days = age(about.date)
    lines = [
        f"index     {target}",
        f"source    {about.source}",
        f"holds     {plural(about.records, 'advisory', 'advisories')} about {plural(about.packages, 'package')}",
        f"newest    {about.date[:10]}, {days:.0f} days ago",
        f"made      {about.built}",
    ]
    if about.broken:
        lines.append(f"left out  {plural(about.broken, 'record')} that could not be read")
    click.echo(clean.block("\n".join(lines)))
    if days > STALE_DAYS:
        late = " Scans exit with 4 until then." if days > MAX_DAYS else ""
        sys.stderr.write(f"Older than {STALE_DAYS:.0f} days: {UPDATE}.{late}\n")


@command.command("show")
@click.argument("name", metavar="ID")
@index_option
@click.option("--json", "as_json", is_flag=True, help="Say it for programs.")
def show(name: str, index: Path | None, as_json: bool) -> None:
    """Show what is known by an id: a CVE, a GHSA, a PYSEC."""
    target = index or default_path()
    with Index(target) as opened:
        found = opened.named(name)
        names = {n for advisory in found for n in advisory.names}
        exploited, likely = opened.exploited(names), opened.likely(names)
        about = opened.about
    if not found:
        raise AdvisoryError(
            f"there is no advisory {name!r} among {about.records}",
            hint=f"the newest is of {about.date[:10]}; {UPDATE}",
        )
    if as_json:
        click.echo(json.dumps([_record(advisory) for advisory in found], indent=2))
        return
    for number, advisory in enumerate(found):
        click.echo(clean.block(("\n" if number else "") + _text(advisory)))
    for cve, (added, ransomware) in exploited.items():
        used = ", used by ransomware" if ransomware else ""
        click.echo(f"\n{cve} is exploited: in CISA's catalogue since {clean.line(added)}{used}")
    for cve, (score, percentile) in likely.items():
        click.echo(f"\n{cve}: EPSS {score:.1%}, above {percentile:.0%} of all CVE")


def _text(advisory: Advisory) -> str:
    rated = f"{advisory.severity}" if advisory.severity else "severity not stated"
    rated += f", CVSS {advisory.score} ({advisory.vector})" if advisory.score is not None else ""
    lines = [
        f"{best_name(advisory.names)}  {rated}",
        f"names     {', '.join(advisory.names)}",
        f"published {advisory.published[:10]}, changed {advisory.modified[:10]}",
    ]
    for affected in advisory.affected:
        spans = "; ".join(_span(span) for span in affected.ranges)
        listed = ", ".join(affected.listed)
        both = "; ".join(part for part in (spans, listed) if part)
        lines.append(f"affects   {affected.package} {both}")
    lines += [f"see       {url}" for url in advisory.references]
    return "\n".join([*lines, "", advisory.summary, advisory.details]).rstrip()


def _span(span: Span) -> str:
    first, ends, last = span
    begins = "" if first == START else f">= {first}"
    end = "" if not ends else f"{'<' if ends == FIXED else '<='} {last}"
    return ", ".join(part for part in (begins, end) if part) or "every version"


def _record(advisory: Advisory) -> dict[str, Any]:
    return {
        **advisory.as_dict(),
        "affected": [
            {
                "package": item.package,
                "ranges": [_span(span) for span in item.ranges],
                "versions": list(item.listed),
                "symbols": list(item.symbols),
            }
            for item in advisory.affected
        ],
    }


def _about(about: About, target: Path) -> dict[str, Any]:
    return {
        "index": str(target),
        "source": about.source,
        "date": about.date,
        "age_days": round(age(about.date), 1),
        "built": about.built,
        "advisories": about.records,
        "packages": about.packages,
        "left_out": about.left_out,
        "broken": about.broken,
        "bytes": target.stat().st_size,
    }
