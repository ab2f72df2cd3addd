"""Input in the paths of files: what makes it harmless, what only looks so, whether a file is written."""

from __future__ import annotations

from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Flow
from buckler.scan.engines.source.flow.objects import External, things
from buckler.scan.engines.source.flow.values import Taint, one_text
from buckler.scan.rules._support.flows import has, told

CHANGES = frozenset(
    {
        "write_text",
        "write_bytes",
        "unlink",
        "mkdir",
        "rmdir",
        "touch",
        "rename",
        "replace",
        "symlink_to",
    }
    | {"remove", "makedirs", "removedirs", "symlink", "link", "truncate", "chmod", "rmtree", "move"}
    | {"copy", "copyfile", "copy2", "copytree", "save"}
)
_WRITES = frozenset("wax+")


def harmful_in_path(flow: Flow) -> list[Taint]:
    """The input that may lead out of the folder that is meant."""
    made: list[Taint] = []
    if any(t.name != "pathlib.Path" for t in things(flow.value, External)):
        return made  # an open file, or its content in memory
    harmful = {taint.token for taint in flow.taints}
    for before, taints, _ in flow.places():
        for taint in taints:
            if taint.token not in harmful:
                continue  # of no matter here, as what the application itself has stored
            if has(flow, taint, "slash", "dotdot") or has(flow, taint, "slash", "backslash"):
                continue
            if has(flow, taint, "slash") and not before:
                continue
            if has(flow, taint, "dotdot") and before and before.endswith(("/", "-", "_")):
                continue
            made.append(taint)
    return made


def writes(flow: Flow) -> bool:
    """Whether a call that opens a file opens it for writing."""
    opens = flow.call.rpartition(".")[2] in ("open", "open_file", "ZipFile")
    if not opens:
        return flow.call.rpartition(".")[2] in CHANGES
    mode = flow.other(0 if flow.call == "pathlib.Path.open" else 1, "mode")
    text = one_text(mode) if mode is not None else "r"
    return text is not None and bool(_WRITES.intersection(text))


def _half(flow: Flow, dirty: str) -> str:
    taints = flow.taints
    if any(has(flow, t, "prefix") for t in taints):
        return (
            f"{dirty}; the check by startswith() has no separator at its end, so a folder whose name"
            " only begins alike passes it."
        )
    if any(has(flow, t, "dotdot") for t in taints):
        return f"{dirty}; without '..' an absolute path still leads out."
    return f"{dirty}."


def read_verdict(flow: Flow) -> Verdict:
    """A file of the sender's choice is read."""
    return told(flow, _half(flow, "becomes part of the path of a file that is read"))


def write_verdict(flow: Flow) -> Verdict:
    """A file of the sender's choice is written, moved or removed."""
    return told(flow, _half(flow, "becomes part of the path of a file that is written or removed"))
