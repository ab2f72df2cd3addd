"""``[tool.buckler]`` of pyproject.toml: read once, checked, frozen.

What is unknown or of the wrong type is an error with the nearest known name, because a
setting that is silently ignored is a scan of something else.
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from buckler.core import toml
from buckler.core.errors import SettingsError, UnreadableFile
from buckler.core.files import read_project_file
from buckler.core.finding import Severity

SEVERITIES = tuple(severity.value for severity in Severity)
ENGINES = ("source", "app", "attack", "packages")
ACCOUNTS = ("auto", "none")
"""Whether a scan without identities signs up, and signs in with what the application brings along."""
LIVE = "live"
"""The engine of running sites: chosen by the target, never by a setting."""
MAX_BYTES = 1_000_000
"""Of pyproject.toml."""
ADMIN = "admin"
"""The role that may do what others may not; all other names are groups of ordinary users."""
_KINDS = {"float": "a number", "int": "a whole number", "str": "a text"}
_REQUEST = re.compile(r"[A-Za-z]+ /\S*")
_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*$")


@dataclass(frozen=True, slots=True)
class LoginSettings:
    """A request that signs somebody in (or up).

    Attributes:
        request: ``METHOD /path``.
        json: Body as JSON, or None.
        form: Body as a form, or None.
        token: Dotted path of the token in the answer; the token is then sent in ``header``.
            Cookies of the answer are kept in any case.
        header: Header that the token is sent in.
        scheme: Word before the token; where there is none, it is ``Bearer`` in ``Authorization``
            and nothing in any other header, as API keys are sent.
    """

    request: str
    json: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    token: str = "access_token"  # noqa: S105 - the name of a field, not a secret
    header: str = "Authorization"
    scheme: str | None = None


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """Who sends requests.

    Attributes:
        name: As the report calls it.
        role: Role or group, where roles matter (``admin`` is special: see ACC011).
        headers: Headers of every request.
        cookies: Cookies of every request.
        login: Request that gets the credentials.
        signup: Request that makes the account first; where there is no ``login``, its answer holds
            the credentials.
    """

    name: str
    role: str = "user"
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    login: LoginSettings | None = None
    signup: LoginSettings | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a scan; the command line overrides them field by field."""

    app: str | None = None
    app_seed: str | None = None
    python: str | None = None
    env_file: str | None = None
    host: str | None = None
    public: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    fail_on: str = "high"
    min_coverage: float = 0.9
    max_time: float = 300.0
    request_timeout: float = 5.0
    seed: int = 0
    baseline: str | None = None
    identities: tuple[IdentitySettings, ...] = ()
    accounts: str = "auto"
    exclude_files: tuple[str, ...] = ()
    advisories: tuple[str, ...] = ()
    max_advisory_age: float = 30.0
    vex: tuple[str, ...] = ()
    vex_max_age: float = math.inf
    licences_allowed: tuple[str, ...] = ()


def load(folder: Path) -> Settings:
    """Read ``[tool.buckler]`` from ``folder/pyproject.toml``; defaults where there is none.

    Raises:
        SettingsError: The file is not TOML, or a setting is unknown or of the wrong type.
    """
    path = folder / "pyproject.toml"
    try:
        document = toml.loads(read_project_file(path, folder, MAX_BYTES).decode("utf-8"))
    except FileNotFoundError:
        return Settings()
    except (UnreadableFile, UnicodeDecodeError, RecursionError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error
    tool = document.get("tool", {})
    table = tool.get("buckler", {}) if isinstance(tool, dict) else {}
    return parse(table, where=f"{path}: [tool.buckler]")


def parse(table: Mapping[str, Any], *, where: str = "[tool.buckler]") -> Settings:
    """Check a table of settings.

    Args:
        table: Keys as in the file, with ``-`` or ``_``.
        where: Begins the message of an error.

    Raises:
        SettingsError: A setting is unknown, of the wrong type or out of its range.
    """
    values: dict[str, Any] = {}
    kinds = {item.name: str(item.type) for item in fields(Settings)}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name == "identities":
            values[name] = identities_of(value, where)
        elif name == "app" and isinstance(value, dict):
            values.update(_app(value, where))
        elif name in kinds:
            values[name] = _typed(name, kinds[name], value, where)
        else:
            raise _unknown(key, kinds, where)
    made = Settings(**values)
    check(made, where=f"{where}: ")
    return made


def check(settings: Settings, *, where: str = "") -> None:
    """Check what each setting may hold, wherever it comes from.

    Args:
        settings: Of a file, or with the command line's on top.
        where: Begins the message of an error.

    Raises:
        SettingsError: A value is none of the choices, or out of its range.
    """
    for name, value, choices in (
        ("fail-on", settings.fail_on, SEVERITIES),
        ("accounts", settings.accounts, ACCOUNTS),
        *(("engines", engine, ENGINES) for engine in settings.engines),
    ):
        if value not in choices:
            near = difflib.get_close_matches(value.lower(), choices, 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise SettingsError(
                f"{where}{name} cannot be {value!r}", hint=f"{hint}one of {', '.join(choices)}"
            )
    for name, number, least, most in (
        ("min-coverage", settings.min_coverage, 0.0, 1.0),
        ("max-time", settings.max_time, 1.0, math.inf),
        ("request-timeout", settings.request_timeout, 0.01, math.inf),
        ("max-advisory-age", settings.max_advisory_age, 0.0, math.inf),
        ("vex-max-age", settings.vex_max_age, 0.0, math.inf),
    ):
        if not least <= number <= most:
            bound = f"from {least:g} to {most:g}" if most < math.inf else f"at least {least:g}"
            raise SettingsError(f"{where}{name} is {number:g}; it is {bound}")
    if settings.app_seed is not None and not _FUNCTION.match(settings.app_seed):
        raise SettingsError(
            f"{where}seed: {settings.app_seed!r} is not of the form module:function",
            hint="for example app.testing:add_data",
        )
    for entry in settings.allow:
        host, _, port = entry.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise SettingsError(
                f"{where}allow: {entry!r} is not of the form HOST:PORT",
                hint="for example 127.0.0.1:5432",
            )
    _check_identities(settings.identities, where)


_NO_HEADER: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]")


def _check_identities(identities: tuple[IdentitySettings, ...], where: str) -> None:
    seen: set[str] = set()
    for identity in identities:
        if identity.name in seen:
            raise SettingsError(
                f"{where}two identities have the name {identity.name!r}",
                hint="give each a name of its own, or all headers of one in [tool.buckler]",
            )
        seen.add(identity.name)
        for name, value in (*identity.headers.items(), *identity.cookies.items()):
            if _NO_HEADER.search(name + value):
                raise SettingsError(
                    f"{where}identities.{identity.name}: {name!r} holds what no header can hold (RFC 9110, 5.5)",
                    hint="a line end, or a letter beyond Latin-1; several cookies are one header: a=1; b=2",
                )
        role = identity.role.lower()
        if identity.role != ADMIN and (
            role.startswith("adm") or difflib.get_close_matches(role, [ADMIN], 1, 0.75)
        ):
            raise SettingsError(
                f"{where}identities.{identity.name}: there is no role {identity.role!r}",
                hint=f"did you mean {ADMIN!r}? Other names are those of ordinary groups",
            )


def _typed(name: str, kind: str, value: Any, where: str) -> Any:
    if kind.startswith("tuple"):
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise SettingsError(f"{where}: {written(name)} takes a list of texts")
    if kind == "float" and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind == "int" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind.startswith("str") and isinstance(value, str):
        return value
    wanted = _KINDS[kind.partition(" ")[0]]
    raise SettingsError(f"{where}: {written(name)} takes {wanted}")


def written(name: str) -> str:
    """A setting as it is written in the file: ``fail-on``."""
    return name.replace("_", "-")


def _unknown(key: str, known: Mapping[str, Any], where: str) -> SettingsError:
    near = difflib.get_close_matches(key.replace("-", "_"), [*known, "identities"], 1)
    hint = f"did you mean {written(near[0])!r}?" if near else "`buckler init` writes all settings"
    return SettingsError(f"{where}: there is no setting {key!r}", hint=hint)


def _app(table: Mapping[str, Any], where: str) -> dict[str, str]:
    """``[tool.buckler.app]``: which application, and what adds data to it."""
    known = {"target": "app", "seed": "app_seed"}
    values: dict[str, str] = {}
    for key, value in table.items():
        if key not in known:
            raise _unknown(key, dict.fromkeys(known), f"{where} app")
        if not isinstance(value, str):
            raise SettingsError(f"{where} app: {key} takes a text")
        values[known[key]] = value
    return values


def identities_of(value: Any, where: str) -> tuple[IdentitySettings, ...]:
    """Identities as ``[tool.buckler.identities]`` holds them.

    Args:
        value: A table by name.
        where: Begins the message of an error.

    Raises:
        SettingsError: One is none.
    """
    if not isinstance(value, dict):
        raise SettingsError(f"{where}: identities is a table of tables")
    return tuple(
        _identity(name, item, f"{where} identities.{name}") for name, item in value.items()
    )


def _identity(name: str, table: Any, where: str) -> IdentitySettings:
    if not isinstance(table, dict):
        raise SettingsError(f"{where} is a table")
    known = ("role", "header", "headers", "cookie", "cookies", "login", "signup")
    for key in table:
        if key not in known:
            raise _unknown(key, dict.fromkeys(known), where)
    headers = dict(table.get("headers", {}))
    if "header" in table:
        headers.update([_pair(table["header"], ":", f"{where}.header")])
    cookies = dict(table.get("cookies", {}))
    if "cookie" in table:
        cookies.update([_pair(table["cookie"], "=", f"{where}.cookie")])
    role = table.get("role", "user")
    if not isinstance(role, str) or not role:
        raise SettingsError(f"{where}.role takes a text")
    return IdentitySettings(
        name=name,
        role=role,
        headers=headers,
        cookies=cookies,
        login=_login(table.get("login"), f"{where}.login"),
        signup=_login(table.get("signup"), f"{where}.signup"),
    )


def _pair(text: Any, separator: str, where: str) -> tuple[str, str]:
    if not isinstance(text, str) or separator not in text:
        raise SettingsError(f"{where} is a text of the form NAME{separator}VALUE")
    name, _, value = text.partition(separator)
    return name.strip(), value.strip()


def _login(table: Any, where: str) -> LoginSettings | None:
    if table is None:
        return None
    if not isinstance(table, dict) or not isinstance(table.get("request"), str):
        raise SettingsError(f'{where} is a table with request = "POST /path"')
    known = {item.name for item in fields(LoginSettings)}
    for key in table:
        if key not in known:
            raise _unknown(key, dict.fromkeys(known), where)
    if not _REQUEST.fullmatch(table["request"]):
        raise SettingsError(f"{where}.request is {table['request']!r}; it is METHOD /path")
    for key in ("token", "header", "scheme"):
        if not isinstance(table.get(key, ""), str):
            raise SettingsError(f"{where}: {key} is a text")
    return LoginSettings(**table)


def parse_identity_option(text: str) -> IdentitySettings:
    """``--identity NAME=HEADER``: ``alice=Authorization: Bearer x`` or ``alice=Cookie: a=b``.

    Raises:
        SettingsError: The text is not of that form.
    """
    name, separator, header = text.partition("=")
    if not separator or ":" not in header or not name.strip():
        raise SettingsError(
            f"--identity {text!r} is not of the form NAME=HEADER",
            hint="for example --identity 'alice=Authorization: Bearer eyJ…'",
        )
    return IdentitySettings(name=name.strip(), headers=dict([_pair(header, ":", "--identity")]))
