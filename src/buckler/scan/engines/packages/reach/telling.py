"""How far a project comes to a weakness, in words."""

from __future__ import annotations

from buckler.scan.engines.packages.reach.level import Level, Reach


def way(reach: Reach) -> str:
    """``GET /items (main.py:8) > read() (main.py:9) > yaml.load (files.py:4)``; empty where no way is known."""
    return " > ".join(steps(reach))


def steps(reach: Reach) -> list[str]:
    """The same, step by step."""
    return [f"{text} ({path}:{line})" for path, line, text in reach.steps] if reach.is_way else []


def short(reach: Reach, package: str) -> str:
    """A few words.

    Args:
        reach: What was seen.
        package: What it is about.
    """
    at = f" {reach.place}" if reach.steps else ""
    texts = {
        Level.ROUTE: "a request comes to it",
        Level.CALLED: "called, and no request was seen to come there",
        Level.ENTERED: "a request comes to the package",
        Level.IMPORTED: f"imported{at}",
        Level.BROUGHT: f"used by {reach.by}{at}" if reach.by != package else "runs the application",
        Level.UNKNOWN: "nobody says who uses it",
        Level.NOT_CALLED: "imported, no call of what has it was seen",
        Level.UNSEEN: "nothing imports it",
    }
    return texts[reach.level]


def sentence(reach: Reach, package: str) -> str:
    """A sentence, with the place or the way.

    Args:
        reach: What was seen.
        package: What it is about.
    """
    at = reach.place
    by = f", which {at} imports" if at else ", which runs the application"
    texts = {
        Level.ROUTE: f"A request comes to what has it: {way(reach)}.",
        Level.CALLED: f"The project calls what has it, and no request was seen to come there: {way(reach)}.",
        Level.ENTERED: f"A request comes to the package, and nobody says what of it has the weakness: {way(reach)}.",
        Level.IMPORTED: f"The project imports it, {at}.",
        Level.BROUGHT: f"{reach.by} uses it{by}."
        if reach.by != package
        else "It runs beside or around the application.",
        Level.UNKNOWN: "Who uses it is not known.",
        Level.NOT_CALLED: f"The project imports it, {at}, and nothing in it was seen to lead to what has the weakness.",
        Level.UNSEEN: "Nothing that was read imports it, nor what brings it.",
    }
    return texts[reach.level]
