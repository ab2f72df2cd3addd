"""Input in lines: of headers, of logs."""

from __future__ import annotations

import re

from buckler.scan.engines.source.flow.interface import Flow
from buckler.scan.engines.source.flow.objects import Container, Instance
from buckler.scan.engines.source.flow.values import Taint, one_text
from buckler.scan.rules._support.flows import has


def ends_removed(flow: Flow, taint: Taint) -> bool:
    """Whether line ends have been taken out of it, or shown not to be in it."""
    return (
        has(flow, taint, "newline") or has(flow, taint, "crlf_n", "crlf_r") or _parents(flow, taint)
    )


def _parents(flow: Flow, taint: Taint) -> bool:
    """``replace("\\n", "").replace("\\r", "")``: two steps that together take out both."""
    return has(flow, taint, "crlf_n", "crlf_rn") and has(flow, taint, "crlf_r")


def shown_as_repr(flow: Flow) -> bool:
    """``logger.info("%r", value)``: what is written has its line ends escaped, as in any object's repr."""
    if flow.value.objs and all(type(t) in (Container, Instance) for t in flow.value.objs):
        return True
    if not flow.argument.isdigit() or flow.argument == "0":
        return False
    template = flow.other(0, "msg")
    text = one_text(template) if template is not None else None
    fields = re.findall(r"%[-+ #0-9.]*([a-zA-Z%])", text or "")
    fields = [f for f in fields if f != "%"]
    number = int(flow.argument) - 1
    return number < len(fields) and fields[number] in "rad"
