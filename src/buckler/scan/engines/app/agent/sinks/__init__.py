"""The dangerous calls that are watched. One file per kind; each has ``install()``.

A sink only reports what reached it and, where going on would do harm, stops the call. Whether
a hit is a weakness is judged in the parent, by the rule that sent the payload.
"""

from __future__ import annotations

from typing import Any, Dict


def install(config: Dict[str, Any]) -> None:
    """Put every sink in place. Call after the audit dispatcher stands, before the application.

    Args:
        config: ``plant`` is the folder whose files only a climbing path can name.
    """
    from . import (
        answers,
        code,
        deserialize,
        documents,
        files,
        hashes,
        issued,
        keys,
        logs,
        network,
        processes,
        responses,
        sql,
        standins,
        templates,
        tokens,
        xml,
    )

    files.install(config["plant"])
    if not config["box"]["processes"]:
        standins.install()
    for sink in (
        answers,
        code,
        deserialize,
        documents,
        hashes,
        issued,
        keys,
        logs,
        network,
        processes,
        responses,
        sql,
        templates,
        tokens,
        xml,
    ):
        sink.install()
