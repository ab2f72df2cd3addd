"""What one request came to: whether the operation's own handler ran, and whether it succeeded."""

from __future__ import annotations

from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import Answer, Exchange, Request
from buckler.scan.model.application import Operation


def entered(operation: Operation, answer: Answer) -> bool:
    """Whether the operation's own handler ran."""
    return operation.entered in answer.entered


def exchanged(run: Run, operation: Operation, request: Request) -> Exchange | None:
    """The request with its answer; None where the application was lost over it."""
    request = run.session.addressed(request)
    answer = run.send(request, operation)
    if answer is None:
        return None
    return Exchange(operation, request, answer, reached=entered(operation, answer))


def is_open(run: Run, operation: Operation) -> bool:
    """Whether the handler answered somebody who sent no credentials."""
    cell = run.seen.matrix.get(operation.key, {}).get(None)
    return cell is not None and cell.reached and cell.answer.ok


def succeeded(exchange: Exchange) -> bool:
    """Whether the handler ran and answered 2xx, or accepted a websocket (RFC 6455, 4.2.2)."""
    status = exchange.answer.status or 0
    return exchange.reached and (200 <= status < 300 or status == 101)
