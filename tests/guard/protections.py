"""One protection of the secure shop after the other: how it is taken away, and what a scan says then."""

from __future__ import annotations

from dataclasses import dataclass

ORDERS, PAGES, FILES = (f"app/routers/{name}.py" for name in ("orders", "pages", "files"))
GUARD = "app/application.py"


@dataclass(frozen=True)
class Removed:
    """One protection that is taken away.

    Attributes:
        name: What it was.
        rule: That must fire.
        changes: File, the text in it, and the text instead; each text is there exactly once.
        operation: That the finding is about; None for any.
        source: Whether reading the source is enough.
    """

    name: str
    rule: str
    changes: tuple[tuple[str, str, str], ...]
    operation: str | None = None
    source: bool = False


def one(
    name: str, rule: str, file: str, old: str, new: str, operation: str | None = None
) -> Removed:
    return Removed(name, rule, ((file, old, new),), operation)


def read(name: str, rule: str, file: str, old: str, new: str) -> Removed:
    return Removed(name, rule, ((file, old, new),), source=True)


ANY_ORDER = """
async def any_order(order_id: ObjectId, me: Me, session: SessionDep) -> Order:
    order = await session.get(Order, order_id)
    if order is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such order")
    return order


OwnOrder = Annotated[Order, Depends(any_order)]
"""
OWN_ORDER = 'OwnOrder = Annotated[Order, owned(Order, id="order_id", owner=Order.user_id, session=get_session)]\n'
ANY_FIELD = '''class AddressIn(BaseModel, extra="allow"):
    """A postal address."""
'''
ADDRESS = '''class AddressIn(StrictModel):
    """A postal address."""
'''
SIGN_IN = '''

@router.post("/log-in", dependencies=[public])
async def log_in(name: Annotated[str, Form()], password: Annotated[str, Form()]) -> dict[str, bool]:
    """Sign in without guard's lockout."""
    users = guard.identities.stores.users
    user = await users.by_name(name)
    found = await guard.identities.passwords.verify(password, user.password if user else None)
    if not found.ok:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Wrong")
    return {"ok": True}
'''
NOBODY = """    if user is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "Nobody has that name")
"""
LAST_OF_PAGES = """identities.sessions.clear_cookie())
    return response
"""
SIGN_UP = '''

@router.post("/register", dependencies=[public], status_code=201)
async def register(name: Annotated[Short, Form()], password: Annotated[str, Form()]) -> dict[str, str]:
    """Sign up without guard's policy."""
    await guard.identities.passwords.hash(password)
    return {"name": name}
'''
REMOVED = [
    # Who may: access
    one(
        "owner of an order", "ACC009", "app/deps.py", OWN_ORDER, ANY_ORDER, "GET /orders/{order_id}"
    ),
    one(
        "permission of the back office",
        "ACC011",
        "app/routers/admin.py",
        'dependencies=[requires("shop:manage")]',
        "dependencies=[requires()]",
        "GET /admin/users",
    ),
    one(
        "permission around a mount",
        "ACC011",
        "app/main.py",
        'requires("shop:manage")(backoffice_app)',
        "requires()(backoffice_app)",
        "GET /backoffice/summary",
    ),
    Removed(
        "rule of a router, and deny by default",
        "ACC001",
        (
            ("app/routers/admin.py", ', dependencies=[requires("shop:manage")])', ")"),
            (GUARD, 'docs="public",\n', 'docs="public",\n    deny=False,\n'),
        ),
        "GET /admin/users",
    ),
    Removed(
        "rule around a mount, and deny by default",
        "ACC001",
        (
            ("app/main.py", 'requires("shop:manage")(backoffice_app)', "backoffice_app"),
            (GUARD, 'docs="public",\n', 'docs="public",\n    deny=False,\n'),
        ),
        "GET /backoffice/summary",
    ),
    one(
        "origins of websockets",
        "ACC008",
        GUARD,
        "WebSocketLimits(origins=settings.site_origins)",
        'WebSocketLimits(origins=["*"])',
        "WEBSOCKET /orders/live",
    ),
    Removed(
        "fields that may be set",
        "ACC010",
        (
            ("app/schemas.py", ADDRESS, ANY_FIELD),
            (
                "app/routers/accounts.py",
                'payload.model_dump(include={"street", "city"})',
                "payload.model_dump()",
            ),
        ),
        "PUT /accounts/addresses/{address_id}",
    ),
    # Who is it: sign-in
    Removed(
        "limit of guesses, and rates",
        "AUT011",
        (
            (GUARD, 'docs="public",\n', 'docs="public",\n    rate=None,\n    sign_in_rate=None,\n'),
            (PAGES, LAST_OF_PAGES, LAST_OF_PAGES + SIGN_IN),
        ),
        "POST /shop/log-in",
    ),
    one(
        "one answer to who signs in",
        "AUT012",
        PAGES,
        LAST_OF_PAGES,
        LAST_OF_PAGES + SIGN_IN.replace("    found =", NOBODY + "    found ="),
        "POST /shop/log-in",
    ),
    one(
        "policy of passwords",
        "AUT008",
        PAGES,
        LAST_OF_PAGES,
        LAST_OF_PAGES + SIGN_UP,
        "POST /shop/register",
    ),
    read(
        "verified tokens",
        "AUT001",
        "app/signatures.py",
        "def is_fresh(",
        'def who(token: str) -> str:\n    import jwt\n\n    return jwt.decode(token, options={"verify_signature": False})["sub"]\n\n\ndef is_fresh(',
    ),
    read(
        "hash of passwords",
        "AUT006",
        "app/seed.py",
        "await identities.passwords.hash(password)",
        "hashlib.sha256(password.encode()).hexdigest()",
    ),
    read(
        "comparison in constant time",
        "AUT004",
        "app/routers/webhooks.py",
        "hmac.compare_digest(x_signature.encode(), expected.encode())",
        "x_signature == expected",
    ),
    # The guard around everything
    one(
        "documentation that is off",
        "EXP001",
        "app/config.py",
        "development: bool = False",
        "development: bool = True",
    ),
    one("names of hosts", "CFG007", GUARD, "hosts=settings.allowed_hosts", "hosts=None"),
    one(
        "bound of bodies",
        "CFG009",
        GUARD,
        "    body=settings.max_body,\n    upload=settings.max_body,\n",
        "    body=None,\n    upload=None,\n",
    ),
    one(
        "frames",
        "HDR003",
        GUARD,
        "headers=HeaderPolicy(\n",
        "headers=None and HeaderPolicy(\n",
    ),
    one(
        "content security policy",
        "HDR001",
        GUARD,
        "headers=HeaderPolicy(\n",
        "headers=None and HeaderPolicy(\n",
    ),
    one(
        "content type",
        "HDR004",
        GUARD,
        "headers=HeaderPolicy(\n",
        "headers=None and HeaderPolicy(\n",
    ),
    one("referrer", "HDR005", GUARD, "headers=HeaderPolicy(\n", "headers=None and HeaderPolicy(\n"),
    one("caches", "HDR006", GUARD, "headers=HeaderPolicy(\n", "headers=None and HeaderPolicy(\n"),
    one(
        "strict transport security",
        "TRA001",
        GUARD,
        "headers=HeaderPolicy(\n",
        "headers=None and HeaderPolicy(\n",
    ),
    one(
        "scripts of one's own alone",
        "HDR002",
        GUARD,
        "style_src=(\"'self'\",)",
        "script_src=(\"'self'\", \"'unsafe-inline'\"), style_src=(\"'self'\",)",
    ),
    one(
        "debug that is off",
        "CFG006",
        GUARD,
        "    title=settings.title,\n",
        "    title=settings.title,\n    debug=True,\n",
    ),
]
