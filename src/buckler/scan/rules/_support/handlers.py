"""Which code of the project answers an exception."""

from __future__ import annotations

from buckler.core.finding import Location
from buckler.scan.engines.interface import Exchange
from buckler.scan.model.application import AppModel, Handler, Operation, Place
from buckler.scan.rules._support.evidence import at, at_place

GENERAL = ("Exception", "500")


def handler_of(app: AppModel, operation: Operation) -> Place | None:
    """The general exception handler, or the layer around it, that stands before an operation."""
    for handlers in (_mounted(app, operation), app.handlers):
        for handler in handlers:
            if handler.key in GENERAL and handler.place is not None:
                return handler.place
    layers = [item.dispatch or item.place for item in app.middleware]
    return next((place for place in layers if place is not None), None)


def _mounted(app: AppModel, operation: Operation) -> tuple[Handler, ...]:
    found = [m for m in app.mounts if operation.path.startswith(m.path + "/")]
    return max(found, key=lambda m: len(m.path)).handlers if found else ()


def raised_at(exchange: Exchange, operation: Operation) -> Location:
    """The line that made the HTTP error of an answer, or else the handler."""
    for effect in exchange.answer.effects:
        if effect.startswith("http-error "):
            path, _, line = effect.split(" ", 1)[1].rpartition(":")
            if path and line.isdigit():
                return Location(path, int(line), operation.key)
    return at(operation)


def general(app: AppModel, operation: Operation) -> Location:
    """The place of the code that answers exceptions for this operation."""
    place = handler_of(app, operation)
    return at_place(place) if place is not None else at(operation)
