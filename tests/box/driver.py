"""The child of the tests: builds the box as asked and runs one hostile piece of code in it.

Standard library, Python 3.9 and later.

`python driver.py '{"agent": ..., "kernel": {...} | null, "hooks": {...} | null, "limits": {...},
"code": ..., "names": {...}}' TOKEN` Prints one line of JSON before the code (what stands) and one
after it (how it ended), then waits for the end of its standard input.
"""

from __future__ import annotations

import json
import sys
import time
import types


def say(**answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    order = json.loads(sys.argv[1])
    package = types.ModuleType("_buckler_agent")
    package.__path__ = [order["agent"]]
    sys.modules["_buckler_agent"] = package
    started = time.perf_counter()
    from _buckler_agent.box import audit, hooks, kernel

    imported = time.perf_counter()
    result = {"walls": {}, "why": {}, "pid": 0}
    if order["kernel"] is not None:
        result, _ = kernel.enclose(order["kernel"])
        kernel.seal(result)
    if order["limits"]:
        kernel.limits(order["limits"])
    built = time.perf_counter()
    refused: list[dict[str, str]] = []
    if order["hooks"] is not None:
        hooks.install(
            {"walls": result["walls"], **order["hooks"]},
            lambda kind, detail: refused.append(detail),
        )
        audit.install()
    times = {"import_ms": (imported - started) * 1e3, "kernel_ms": (built - imported) * 1e3}
    say(**result, hooks_ms=(time.perf_counter() - built) * 1e3, **times)
    error, value = "", None
    names = {"__name__": "hostile", **order["names"]}
    try:
        exec(compile(order["code"], "hostile.py", "exec"), names)
        value = names.get("value")
    except BaseException as caught:  # noqa: BLE001  (whatever it is, the test wants to know)
        error = f"{type(caught).__name__}: {caught}"
    say(error=error, value=value, refused=refused)
    sys.stdin.read()


if __name__ == "__main__":
    main()
