"""Runs ``buckler`` with its own functions wrapped, so that an end from outside comes at a known step.

The plan is a list of orders, taken one after the other. Each names a step, whether the end comes before,
in or after the how-manieth call of it, and what ends. What was hit is written down, so that a step that is
not reached any more is no silent success.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

GO = "go"
"""File beside the one of what was hit; gets the number of orders that need not wait any more."""
APP = "buckler.scan.engines.app"
STEPS = {
    "sweep": (f"{APP}.leftovers", "sweep"),
    "folder marked": (f"{APP}.leftovers", "mark"),
    "scratch": (f"{APP}.child", "Scratch.__init__"),
    "scratch removed": (f"{APP}.child", "Scratch.close"),
    "child": (f"{APP}.child", "Child.__init__"),
    "child's process": ("subprocess", "Popen.__init__"),
    "box": (f"{APP}.child", "Child.receive_walls"),
    "frame": (f"{APP}.child", "Child.receive"),
    "child ended": (f"{APP}.child", "Child.close"),
    "started": (f"{APP}.session", "Session._started"),
    "tables": (f"{APP}.session", "Session.fill"),
    "restart": (f"{APP}.session", "Session.restart"),
    "keeping": (f"{APP}.session", "Session.keep"),
    "restoring": (f"{APP}.session", "Session.restore"),
    "session ended": (f"{APP}.session", "Session.close"),
    "servers": (f"{APP}.servers.bring", "Servers.bring"),
    "place": (f"{APP}.servers.bring", "Servers._place"),
    "servers ended": (f"{APP}.servers.bring", "Servers.close"),
    "server": (f"{APP}.servers.postgresql", "PostgreSQL.start"),
    "server stopped": (f"{APP}.servers.postgresql", "PostgreSQL.stop"),
    "program": (f"{APP}.servers.processes", "run"),
    "server's process": (f"{APP}.servers.processes", "Process.__init__"),
    "waiting": (f"{APP}.servers.processes", "Process.wait_until"),
    "rmdir": ("os", "rmdir"),
    "unlink": ("os", "unlink"),
    "explore": ("buckler.scan.engines.attack.engine", "AttackEngine.explore"),
    "visit": ("buckler.scan.engines.attack.explore", "Explorer._visit"),
    "observe": ("buckler.scan.engines.attack.engine", "AttackEngine.observe"),
    "attack": ("buckler.scan.engines.attack.engine", "AttackEngine.attack"),
    "merged": ("buckler.scan.scanner", "Scanner._report"),
    "written": ("buckler.cli.giving", "_write"),
}


@dataclass(frozen=True, slots=True)
class Order:
    """One end from outside.

    Attributes:
        what: ``scan``, ``child`` or ``server`` (killed), ``ctrl-c``, ``nothing`` (then the calls of
            the next order are counted from here), or ``wait`` (until :data:`GO` is written).
        when: ``before``, ``in`` or ``after``.
        step: Of :data:`STEPS`.
        call: Which call of it, counted once the order is the next one.
        until: What there is to be below the folder for temporary files, for ``in``.
    """

    what: str
    when: str
    step: str
    call: int = 1
    until: str = ""

    def __str__(self) -> str:
        there = f" once {self.until} is there" if self.until else ""
        return f"{self.what} {self.when} {self.step} {self.call}{there}"


def dumped(orders: tuple[Order, ...]) -> str:
    """A plan as the first argument of this script."""
    return json.dumps([asdict(order) for order in orders])


class Plan:
    """What is still to come.

    Args:
        orders: In their order.
        hit: File that gets the name of each that was carried out.
    """

    def __init__(self, orders: list[Order], hit: Path) -> None:
        self._orders = orders
        self._hit = hit
        self._calls = 0
        self._children: list[Any] = []
        self._servers: list[Any] = []

    def install(self) -> None:
        """Wrap every step that an order names, and what tells the processes."""
        wanted = {order.step for order in self._orders} | {"child", "server's process"}
        for step in sorted(wanted):
            module, path = STEPS[step]
            holder: Any = importlib.import_module(module)
            *outer, name = path.split(".")
            for part in outer:
                holder = getattr(holder, part)
            setattr(holder, name, self._wrapped(step, getattr(holder, name)))

    def _wrapped(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        known = {"child": self._children, "server's process": self._servers}.get(step)

        @functools.wraps(function)
        def wrapper(*given: Any, **named: Any) -> Any:
            order = self._next(step)
            if order and order.when == "before":
                self._carry_out(order)
            if order and order.when == "in":
                threading.Thread(target=self._carry_out, args=(order,), daemon=True).start()
            try:
                return function(*given, **named)
            finally:
                if known is not None:
                    known.append(given[0])
                if order and order.when == "after":
                    self._carry_out(order)

        return wrapper

    def _next(self, step: str) -> Order | None:
        if not self._orders or self._orders[0].step != step:
            return None
        self._calls += 1
        if self._calls < self._orders[0].call:
            return None
        self._calls = 0
        return self._orders.pop(0)

    def _carry_out(self, order: Order) -> None:
        end = time.monotonic() + 60
        while order.until and not self._is_there(order.until) and time.monotonic() < end:
            time.sleep(0.002)
        process = {"child": self._children, "server": self._servers}.get(order.what)
        with self._hit.open("a", encoding="utf-8") as file:
            file.write(f"{order}\n")
        if order.what == "ctrl-c":
            os.killpg(0, signal.SIGINT)
        elif order.what == "wait":
            self._wait()
        elif order.what != "nothing":
            os.kill(process[-1].pid if process else os.getpid(), signal.SIGKILL)

    def _wait(self) -> None:
        go, mine = self._hit.with_name(GO), len(self._hit.read_text(encoding="utf-8").splitlines())
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if go.exists() and int(go.read_text(encoding="utf-8") or 0) >= mine:
                return
            time.sleep(0.01)

    @staticmethod
    def _is_there(pattern: str) -> bool:
        return next(Path(tempfile.gettempdir()).glob(pattern), None) is not None


if __name__ == "__main__":
    plan, hit, *arguments = sys.argv[1:]
    sys.argv[1:] = arguments
    from buckler.cli import main

    Plan([Order(**order) for order in json.loads(plan)], Path(hit)).install()
    main()
