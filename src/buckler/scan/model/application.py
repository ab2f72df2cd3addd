"""What is known of an application, from whichever source: the nouns that rules speak in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A piece of the project's source: file relative to the folder, first and last line."""

    path: str
    line: int
    end: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation or of one of its dependencies.

    Attributes:
        where: ``path``, ``query``, ``header`` or ``cookie``.
        name: As it is sent; headers in lower case.
        schema: JSON Schema of its values.
    """

    where: str
    name: str
    required: bool
    schema: Schema
    default: Any = None
    model: bool = False


@dataclass(frozen=True, slots=True)
class BodyField:
    """One body parameter: a model, a scalar, a form field or a file."""

    name: str
    required: bool
    schema: Schema
    model: bool = False
    table: bool = False
    type: str = ""
    file: bool = False
    default: Any = None


@dataclass(frozen=True, slots=True)
class Body:
    """The body of an operation.

    Attributes:
        media_type: ``application/json``, ``application/x-www-form-urlencoded`` or
            ``multipart/form-data``.
        embed: Whether the fields are keys of an object; if not, the one field is the body.
    """

    media_type: str
    embed: bool
    fields: tuple[BodyField, ...]

    @property
    def is_json(self) -> bool:
        """Whether the body is JSON."""
        return self.media_type == "application/json"


@dataclass(frozen=True, slots=True)
class Dependency:
    """A callable that runs before the handler.

    Attributes:
        name: ``module.qualified_name``.
        takes_scopes: Whether it has a ``SecurityScopes`` parameter.
        reads: Names of headers, cookies and query parameters that it reads, lower case.
        parents: Names of the dependencies above it, outermost first.
    """

    name: str
    place: Place | None
    takes_scopes: bool = False
    takes_request: bool = False
    reads: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """A security scheme that an operation depends on, e.g. ``OAuth2PasswordBearer``.

    Attributes:
        where: ``header``, ``query`` or ``cookie`` for API keys, else None.
        through: Names of the dependencies that use it, outermost first; empty where the
            operation depends on the bare scheme.
    """

    type: str
    cls: str
    scheme_name: str
    where: str | None
    name: str | None
    auto_error: bool
    flows: tuple[str, ...] = ()
    token_url: str = ""
    scopes: tuple[str, ...] = ()
    through: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """What an operation says that it answers."""

    schema: Schema | None
    cls: str = ""
    media_type: str = ""
    status: int | None = None
    type: str = ""


@dataclass(frozen=True, slots=True)
class AccessRule:
    """What a route states of who may pass, by ``requires``, ``owned`` or ``public`` of ``buckler.guard``.

    Attributes:
        public: Whether anybody may.
        permissions: That somebody must have.
        owner_of: Parameter of the path that names an object which must be theirs; empty for none.
        words: The same for people.
    """

    public: bool
    permissions: tuple[str, ...] = ()
    owner_of: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """A method and a route template, or a websocket (method ``WEBSOCKET``).

    Attributes:
        path: Route template as OpenAPI has it, without convertors.
        template: The same with convertors: ``/files/{name:path}``.
        entered: Qualified name of the handler, as the agent reports that it was entered.
        mounted_at: Path of the mount that it stands under.
        order: Position among the routes of its application; earlier ones win.
        regex: The compiled route, where it is known.
        hidden: Left out of the OpenAPI document.
        rules: What it and the mounts around it state of who may pass, outermost first; all count.
        shown: Fields that look like a secret, and that it says it answers on purpose.
    """

    method: str
    path: str
    name: str
    place: Place | None
    entered: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    dependencies: tuple[Dependency, ...]
    security: tuple[SecurityScheme, ...]
    response: Response
    template: str = ""
    mounted_at: str = ""
    order: int = 0
    regex: str = ""
    hidden: bool = False
    deprecated: bool = False
    fastapi: bool = True
    tags: tuple[str, ...] = ()
    takes_request: bool = False
    doc: str = ""
    rules: tuple[AccessRule, ...] = ()
    shown: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """``METHOD /route/{template}``."""
        return f"{self.method} {self.path}"

    @property
    def states_public(self) -> bool:
        """Whether it says that anybody may call it, and nothing around it says otherwise."""
        return bool(self.rules) and all(rule.public for rule in self.rules)

    @property
    def is_websocket(self) -> bool:
        """Whether this is a websocket."""
        return self.method == "WEBSOCKET"

    @property
    def changes_state(self) -> bool:
        """Whether the method is one that HTTP does not call safe (RFC 9110, 9.2.1)."""
        return self.method in ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Middleware:
    """A middleware of the application, outermost first.

    Attributes:
        added: The call that added it.
        lines: Line of each option of that call.
    """

    name: str
    module: str
    options: Mapping[str, Any]
    place: Place | None = None
    dispatch: Place | None = None
    added: Place | None = None
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handler:
    """An exception handler."""

    key: str
    name: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Mount:
    """An application mounted under a path.

    Attributes:
        static: Directories and options where it is ``StaticFiles``, else None.
        added: The call that mounted it.
        guards: Names of the dependencies of the application that it is mounted in.
        rules: What stands around it says of who may pass, outermost first; all count.
    """

    path: str
    application: str
    static: Mapping[str, Any] | None
    docs: tuple[str, ...] = ()
    middleware: tuple[Middleware, ...] = ()
    handlers: tuple[Handler, ...] = ()
    added: Place | None = None
    guards: tuple[str, ...] = ()
    rules: tuple[AccessRule, ...] = ()

    @property
    def states_public(self) -> bool:
        """Whether it says that anybody may see it, and nothing around it says otherwise."""
        return bool(self.rules) and all(rule.public for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Table:
    """A table that the application's mapper knows, or the class that stands for it.

    Attributes:
        columns: JSON Schema of each column but the primary key, by the name it has in code.
    """

    name: str
    columns: Mapping[str, Schema]


@dataclass(frozen=True, slots=True)
class Brought:
    """A text that the application hashed while it started, as it does with the password of an account that it brings along.

    Attributes:
        password: The text.
        around: Names and texts that stood around it, the nearest first.
    """

    password: str = field(repr=False)
    around: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class AppModel:
    """The application as its live object shows it.

    Attributes:
        main: File in which the application is made, relative to the folder, and the line.
        docs: Addresses of the OpenAPI document and its pages, empty where they are off.
        made_up: Settings for which a value was made up.
        configured: Name of each setting and environment variable, by the SHA-256 digest of its value.
        origins: Origins, hosts and ``re:`` patterns in code that speaks of origins.
        brought: What it hashed while it started.
    """

    title: str
    python: str
    versions: Mapping[str, str]
    operations: tuple[Operation, ...]
    mounts: tuple[Mount, ...] = ()
    middleware: tuple[Middleware, ...] = ()
    handlers: tuple[Handler, ...] = ()
    docs: tuple[str, ...] = ()
    debug: bool = False
    templates: tuple[Mapping[str, Any], ...] = ()
    max_body_size: int | None = None
    made_up: tuple[str, ...] = ()
    lifespan_failed: str | None = None
    main: Place | None = None
    origins: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    configured: Mapping[str, str] = field(default_factory=dict)
    brought: tuple[Brought, ...] = ()
    public: tuple[str, ...] = field(default=())
    """Operations that are public on purpose by the settings."""

    def find(self, key: str) -> Operation | None:
        """The operation of ``METHOD /template``."""
        return next((op for op in self.operations if op.key == key), None)
