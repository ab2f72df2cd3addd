"""One client of a stand-in for Redis, and the table of commands that it may send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from buckler.scan.engines.app.servers.standin.redis_replies import RESP2, CommandError, Reply
from buckler.scan.engines.app.servers.standin.redis_store import Database, Store

Arguments: TypeAlias = list[bytes]
MANY = 1 << 30
"""As many arguments as there are."""


@dataclass(slots=True)
class Session:
    """What the server knows of one client.

    Attributes:
        store: What all clients share.
        number: Of the client, from 1.
        deliver: Sends it something that it did not ask for.
        chosen: The number of its database.
        protocol: 2 or 3.
        name: That it gave itself.
        queue: The commands since MULTI, or None.
        queued: Bytes of those.
        failed: Whether one of those was refused.
        watched: The keys that it watches, with the database's number.
        outdated: Whether one of them has changed.
        channels: That it listens to.
        patterns: Of channels that it listens to.
        over: Whether it said that it goes.
    """

    store: Store
    number: int
    deliver: Callable[[Reply], None]
    chosen: int = 0
    protocol: int = RESP2
    name: bytes = b""
    queue: list[Arguments] | None = None
    queued: int = 0
    failed: bool = False
    watched: dict[tuple[int, bytes], Callable[[], None]] = field(default_factory=dict)
    outdated: bool = False
    channels: list[bytes] = field(default_factory=list)
    patterns: list[bytes] = field(default_factory=list)
    over: bool = False

    @property
    def database(self) -> Database:
        """The one that it chose."""
        return self.store.database(self.chosen)


Handler: TypeAlias = Callable[[Session, Arguments], Reply]


@dataclass(frozen=True, slots=True)
class Command:
    """A command.

    Attributes:
        name: In lower case, with a subcommand after a bar.
        run: Does it.
        least: Arguments at least, without the name.
        most: Arguments at most.
        adds: Whether it may make the stored data grow.
    """

    name: str
    run: Handler
    least: int
    most: int
    adds: bool


@dataclass(frozen=True, slots=True)
class Silent:
    """The answer of a command that has already delivered what it had to say."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a blocking command answers where there is nothing yet.

    Attributes:
        seconds: To wait at most; 0 for ever.
        again: Tries again; None means there is still nothing.
        nothing: The answer when the time is over.
    """

    seconds: float
    again: Callable[[], Reply]
    nothing: Reply


COMMANDS: dict[bytes, Command] = {}
CONTAINERS: set[bytes] = set()
"""The names that stand before a subcommand."""


def command(
    names: str, least: int, most: int | None = None, *, adds: bool = False
) -> Callable[[Handler], Handler]:
    """Enter a function into the table of commands.

    Args:
        names: In lower case, with blanks between; a subcommand after a bar.
        least: Arguments at least, without the name.
        most: Arguments at most; as many as ``least`` where not given.
        adds: Whether it may make the stored data grow.
    """

    def enter(run: Handler) -> Handler:
        for name in names.split():
            CONTAINERS.update({name.split("|")[0].upper().encode()} if "|" in name else set())
            found = Command(name, run, least, least if most is None else most, adds)
            COMMANDS[name.upper().encode()] = found
        return run

    return enter


def find(words: Arguments) -> tuple[Command, Arguments]:
    """The command of a request, with its arguments.

    Raises:
        CommandError: There is none, or it has not as many arguments.
    """
    name, arguments = words[0].upper(), words[1:]
    if name in CONTAINERS and arguments:
        found = COMMANDS.get(name + b"|" + arguments[0].upper())
        if found is None and name not in COMMANDS:
            given = arguments[0][:128].decode("utf-8", "replace")
            text = f"ERR unknown subcommand '{given}'. Try {name.decode()} HELP."
            raise CommandError(text)
        arguments = arguments[1:] if found else arguments
        found = found or COMMANDS[name]
    else:
        found = COMMANDS.get(name)
    if found is None and name in CONTAINERS:
        raise CommandError(f"ERR wrong number of arguments for '{name.decode().lower()}' command")
    if found is None:
        raise CommandError(_unknown(words))
    if not found.least <= len(arguments) <= found.most:
        raise CommandError(f"ERR wrong number of arguments for '{found.name}' command")
    return found, arguments


def _unknown(words: Arguments) -> str:
    shown = "".join(f"'{word[:128].decode('utf-8', 'replace')}' " for word in words[1:20])
    name = words[0][:128].decode("utf-8", "replace")
    return f"ERR unknown command '{name}', with args beginning with: {shown[:128]}"
