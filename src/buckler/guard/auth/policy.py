"""How people and programs come in, as one value that is checked where it is written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, get_args

from buckler.guard.auth.principal import Scheme
from buckler.guard.options import GuardError, count, flag, positive, texts
from buckler.guard.validate.relative_url import problem

if TYPE_CHECKING:
    from buckler.guard.auth.jwt.keys import KeySet
    from buckler.guard.auth.mail import Mail
    from buckler.guard.auth.password.argon2id import Argon2Parameters
    from buckler.guard.auth.password.policy import PasswordPolicy

Secret = str | bytes | Sequence[str | bytes]
HOUR: Final = 3600.0
DAY: Final = 24 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthPolicy:
    """All of it; times are seconds.

    Attributes:
        ways: How callers may come in: ``session``, ``bearer``, ``api_key``, ``basic``.
        base_url: Where the application is found, e.g. ``https://shop.example``: for links in mails, the issuer of
            tokens and passkeys. Needed as soon as mail is delivered.
        deliver: Sends a mail; without it there is no verification of addresses and no reset of passwords.
        service: What the application calls itself, in mails and authenticator apps; else its title.
        keys: That sign tokens; else one is derived from the secret (Ed25519).
        access_lifetime: Of an access token.
        refresh_idle, refresh_absolute: Of a refresh token that is not used, and of all that came of one sign-in.
        session_idle, session_absolute: Of a session that is not used, and of any.
        session_cookie: Its name; begins with ``__Host-``.
        key_prefix: What API keys begin with.
        key_lifetime: Of an API key; None for keys without an end.
        key_header: Where they come.
        basic_over_http: Whether Basic is taken over plain http from elsewhere than this machine.
        sign_up: Whether anybody may make an account.
        verified_only: Whether an account signs in only when its address is verified.
        second_factor: Whether everybody must have one.
        passwords: What a new password has to be.
        hashing: Parameters of argon2id; else what this machine does in a quarter of a second.
        password_workers: Passwords that are hashed at once in this process.
        password_queue: Those that may wait; the next one is told 503.
        prefix: Where the ready-made routes are included.
        sign_in_page: Path of the page with the form that signs in, e.g. ``/sign-in``: with it there are routes
            that take a plain form; empty for none.

    Raises:
        GuardError: An option is wrong.
    """

    ways: Sequence[Scheme] = ("session", "bearer", "api_key")
    base_url: str = ""
    deliver: Callable[[Mail], Awaitable[None]] | None = None
    service: str = ""
    keys: KeySet | None = None
    access_lifetime: float = 600.0
    refresh_idle: float = 14 * DAY
    refresh_absolute: float = 90 * DAY
    session_idle: float = HOUR
    session_absolute: float = 12 * HOUR
    session_cookie: str = "__Host-session"
    key_prefix: str = "bk"
    key_lifetime: float | None = 365 * DAY
    key_header: str = "X-API-Key"
    basic_over_http: bool = False
    sign_up: bool = True
    verified_only: bool = False
    second_factor: bool = False
    passwords: PasswordPolicy | None = None
    hashing: Argon2Parameters | None = None
    password_workers: int = 2
    password_queue: int = 64
    prefix: str = "/auth"
    sign_in_page: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "ways", texts(self.ways, "ways", "session"))
        for way in self.ways:
            if way not in get_args(Scheme):
                raise GuardError(f"ways: {way!r} is none", hint=f"of {', '.join(get_args(Scheme))}")
        if not self.ways:
            raise GuardError("ways=[] lets nobody in", hint="write ways=['session', 'bearer']")
        for name in ("access_lifetime", "refresh_idle", "refresh_absolute"):
            positive(getattr(self, name), name)
        if self.access_lifetime > DAY:
            raise GuardError(
                "access_lifetime is a day at most", hint="write access_lifetime=600; refresh lasts"
            )
        for name in ("basic_over_http", "sign_up", "verified_only", "second_factor"):
            flag(getattr(self, name), name)
        for name in ("password_workers", "password_queue"):
            count(getattr(self, name), name)
        deliver: Any = self.deliver
        if deliver is not None and (not callable(deliver) or isinstance(deliver, type)):
            raise GuardError(
                "deliver is an async function of one Mail", hint="async def deliver(mail)"
            )
        if deliver is not None and not self.base_url:
            raise GuardError(
                "mails hold links, and base_url is not set",
                hint="write base_url='https://shop.example': a Host header may be anybody's",
            )
        if self.verified_only and deliver is None:
            raise GuardError(
                "verified_only needs mails, and deliver is not set", hint="write deliver=send_mail"
            )
        if self.sign_in_page and problem(self.sign_in_page):
            raise GuardError(
                f"sign_in_page: {self.sign_in_page!r} is no path",
                hint="write sign_in_page='/sign-in'",
            )
        if not self.prefix.startswith("/") or self.prefix.endswith("/"):
            raise GuardError(f"prefix: {self.prefix!r} is no path", hint="write prefix='/auth'")
