"""What engines and rules say to each other.

A rule has any of the hooks below; an engine calls the rules that have the hook it knows, so
neither names the other. Rules hand back findings, or for probes a :class:`Verdict`, from which
the attack engine makes the finding with its place and proof.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from buckler.core.finding import Finding, Severity
from buckler.scan.engines.observations import Observations as Observations
from buckler.scan.engines.request import Request as Request
from buckler.scan.engines.site_seen import ExposedFile as ExposedFile
from buckler.scan.engines.site_seen import SiteSeen as SiteSeen
from buckler.scan.engines.site_seen import TlsSeen as TlsSeen
from buckler.scan.model.application import AppModel, Operation, Schema


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in an operation where input goes.

    Attributes:
        where: ``path``, ``query``, ``header``, ``cookie``, ``json``, ``form``, ``file``
            (content), ``filename``, ``body`` (raw) or ``message`` (websocket).
        name: Name or dotted path: ``q``, ``address.city``, ``lines[].sku``.
        schema: JSON Schema of the value, references resolved.
        required: Whether the request is invalid without it.
        hints: Host names in the project's source; a check may ask for one of them.
        folders: Absolute paths of the folders in which a file of that name was looked for.
    """

    where: str
    name: str
    schema: Schema = field(default_factory=dict)
    required: bool = False
    hints: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """``where:name``, as findings name it."""
        return f"{self.where}:{self.name}"

    @property
    def leaf(self) -> str:
        """The last part of the name: ``city`` of ``address.city``."""
        return self.name.replace("[]", "").rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Canary:
    """A word that occurs nowhere else; whoever meets it knows which probe it came from.

    Attributes:
        text: Eight lower-case letters and digits, a valid identifier.
        host: A host name made of it, which leads to ``address`` and nowhere else.
        address: A loopback address of its own in 127.64.0.0/10.
        plant: Absolute path of a file that only a path out of the application can name.
    """

    text: str
    host: str
    address: str
    plant: str

    def __str__(self) -> str:
        return self.text


class Mint(Protocol):
    """Makes canaries; each payload has its own."""

    def __call__(self) -> Canary:
        """A new canary."""


@dataclass(frozen=True, slots=True)
class Payload:
    """One value to send into one slot.

    Attributes:
        value: Text; bytes only for file contents and raw bodies.
        canary: The canary inside of it.
        note: The attempt, for people: ``closes a quoted literal``.
        raw: Send as it is: do not wrap it to fit a format such as e-mail.
        key: Send ``{key: value}`` in JSON, ``name[key]=value`` in a query or form.
    """

    value: str | bytes
    canary: Canary
    note: str = ""
    raw: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A dangerous call that a canary reached.

    Attributes:
        sink: Family: ``sql``, ``nosql``, ``process``, ``open``, ``connect``, ``dns``, ``template``, ``exec``,
            ``import``, ``pickle``, ``marshal``, ``log``, ``hash``, ``store``, ``xml``, ``token``, ``key`` …
        call: The function, as people know it.
        argument: What it was given; a list for argument vectors.
        frames: The project's lines that led there, innermost first: (path, line, function).
        more: Facts of the sink: ``resolved``, ``port`` …; for a judge also the answer's ``effects`` and ``status``.
    """

    sink: str
    call: str
    argument: str | tuple[str, ...]
    frames: tuple[tuple[str, int, str], ...]
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The argument as one text."""
        return self.argument if isinstance(self.argument, str) else " ".join(self.argument)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: None where the application raised before it answered; 101 for an accepted
            websocket, 403 for one that was not.
        entered: Names of handlers whose own code ran.
        effects: ``sql-write``, ``key-derivation`` …
        reads: Slots that the handler asked for by itself: ``query:q``, ``json:a``.
        error: ``type``, ``message``, ``frames`` of an exception that left the application.
        timeout: No answer within the time for one request.
        ms: Milliseconds until it was there.
        cpu: Milliseconds of CPU that the application's process used meanwhile.
        close: Code with which a websocket was closed by the application.
    """

    status: int | None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    size: int = 0
    hits: tuple[Hit, ...] = ()
    entered: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    refused: tuple[Mapping[str, Any], ...] = ()
    error: Mapping[str, Any] | None = None
    timeout: bool = False
    ms: float = 0.0
    cpu: float = 0.0
    close: int | None = None

    def header(self, name: str) -> str | None:
        """The first header of that name, or None."""
        lowered = name.lower()
        return next((v for n, v in self.headers if n.lower() == lowered), None)

    def all_headers(self, name: str) -> list[str]:
        """Every header of that name, in order."""
        lowered = name.lower()
        return [v for n, v in self.headers if n.lower() == lowered]

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text; bytes that are no UTF-8 are replaced."""
        return self.body.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx or 3xx, or the websocket was accepted."""
        return self.status is not None and (self.status == 101 or 200 <= self.status < 400)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer, and the operation that it was meant for.

    Attributes:
        reached: The operation's own handler was entered.
    """

    operation: Operation | None
    request: Request
    answer: Answer
    reached: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """A payload on its way: which rule sent it, into which slot, as whom."""

    rule: str
    operation: Operation
    slot: Slot
    payload: Payload
    identity: str | None
    encoding: str = "plain"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule concludes from a probe.

    Attributes:
        message: One sentence with the place of the weakness in it.
        mark: The part of the argument or answer that shows it, for the report.
        severity: Other than the rule's own.
        certain: False where what was seen is a fact but not the attack itself (``observed``).
    """

    message: str
    mark: str = ""
    severity: Severity | None = None
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who sends requests, signed in.

    Attributes:
        headers: The credentials, as signing in gave them.
        tokens: Names and values of the form tokens that pages gave.
        cookies: Further cookies that pages set.
    """

    name: str
    role: str
    headers: tuple[tuple[str, str], ...]
    tokens: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Module:
    """One parsed source file.

    Attributes:
        path: Relative to the folder, with ``/``.
        lines: The text by line, index 0 is line 1.
        folder: Of the project, for rules that look into the module a name comes from.
        text: All of it.
    """

    path: str
    tree: ast.Module
    lines: Sequence[str]
    folder: Path | None = None
    text: str = ""

    def line(self, number: int) -> str:
        """The text of a 1-based line, or an empty text."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


@dataclass(frozen=True, slots=True)
class Project:
    """The files of a project that are no Python: manifests, environment files, Dockerfiles."""

    folder: Path
    files: tuple[str, ...]

    def read(self, path: str, limit: int = 1_000_000) -> str:
        """The text of a file; what is no UTF-8 is replaced, what is longer is cut."""
        with (self.folder / path).open("rb") as stream:
            return stream.read(limit).decode("utf-8", "replace")


@runtime_checkable
class ChecksSource(Protocol):
    """Looks at one module."""

    id: str

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Findings in one parsed file."""
        ...


@runtime_checkable
class ChecksApp(Protocol):
    """Looks at the model of the application."""

    id: str

    def check_app(self, app: AppModel) -> Iterable[Finding]:
        """Findings in what the live object shows."""
        ...


@runtime_checkable
class ChecksObservations(Protocol):
    """Looks at what benign requests showed."""

    id: str

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Findings in the answers of the running application."""
        ...


@runtime_checkable
class ChecksSite(Protocol):
    """Looks at what a running site shows beside its answers: TLS, plain HTTP, files that lie about."""

    id: str

    def check_site(self, site: SiteSeen) -> Iterable[Finding]:
        """Findings in what a site shows."""
        ...


@runtime_checkable
class Refutes(Protocol):
    """Takes a suspicion back that the running application does not bear out."""

    id: str

    def refuted(self, finding: Finding, app: AppModel, seen: Observations) -> bool:
        """Whether what was seen shows that a suspicion of this rule does not hold."""
        ...


@runtime_checkable
class Attacks(Protocol):
    """Sends payloads. Judges by the sink hits or by the answers that carry its canaries."""

    id: str
    sinks: tuple[str, ...]
    """Where its payloads have to arrive; slots that lead there get all of them. A rule may
    have ``lead``: how many of its payloads the other slots get, where a bare
    canary cannot show that a sink is there (0 if not), and ``likes(slot)``:
    whether a slot looks so much like what it is after that it gets all of them anyway."""

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """Payloads for one slot, the likeliest first; none where it makes no sense."""
        ...


@runtime_checkable
class ChecksHit(Protocol):
    """Judges a sink that one of its payloads reached."""

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """What it means, or None where the input was made harmless."""
        ...


@runtime_checkable
class ChecksExchange(Protocol):
    """Judges an answer that carries one of its canaries."""

    def check_exchange(self, exchange: Exchange, probe: Probe) -> Verdict | None:
        """What it means, or None where the input was made harmless."""
        ...


@runtime_checkable
class ChecksProject(Protocol):
    """Looks at manifests and other files."""

    id: str

    def check_project(self, project: Project) -> Iterable[Finding]:
        """Findings in the files of a project."""
        ...
