"""The secure shop with one protection removed at a time: a scan gives the finding for it.

With BUCKLER_EVERYTHING=1 all of them, else every source rule and every fourth of the others.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from buckler.core import settings as settings_file
from buckler.scan.discover import discover
from buckler.scan.engines.app.engine import read_model
from buckler.scan.engines.app.session import Options, Session
from buckler.scan.engines.attack.canaries import prefix_of
from tests.conftest import ROOT, scan_folder

SHOP = ROOT / "examples/secure_shop"
IGNORED = shutil.ignore_patterns("__pycache__", "*.db*", "uploads", "expected.json")
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
INVITE = '''

@router.post("/invite", dependencies=[public])
async def invite(request: Request) -> dict[str, str]:
    """A link made of what the request says."""
    return {"link": f"{request.base_url}shop/join"}
'''
LAST_OF_FILES = '    return Done(detail="Removed")\n'
RAW = '''

@router.get("/raw/{name:path}")
async def raw(name: str, user: CurrentUser) -> FileResponse:
    """A file by its path."""
    return FileResponse(settings.upload_dir / name)
'''
BY_ITS_NAME = """    (settings.upload_dir / str(file.filename)).write_bytes(await file.read(1000))
    stored = await uploads.store(file)
"""
WITH_SETTINGS = (
    FILES,
    "from app.db import SessionDep\n",
    "from app.config import settings\nfrom app.db import SessionDep\n",
)

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
    one(
        "limit of guesses",
        "AUT011",
        PAGES,
        LAST_OF_PAGES,
        LAST_OF_PAGES + SIGN_IN,
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
        'await identities.passwords.hash(login["password"])',
        'hashlib.sha256(login["password"].encode()).hexdigest()',
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
    # What comes in
    one(
        "bound value of a statement",
        "INJ001",
        "app/routers/catalog.py",
        "wanted.where(Product.name.icontains(q, autoescape=True))",
        "wanted.where(text(f\"products.name LIKE '%{q}%'\"))",
        "GET /catalog/products",
    ),
    one(
        "command without a shell",
        "INJ002",
        ORDERS,
        "subprocess.run(command, check=False, ",
        'subprocess.run(" ".join(command), shell=True, check=False, ',
        "POST /orders/{order_id}/label",
    ),
    one(
        "end of the options",
        "INJ003",
        ORDERS,
        'command = ["echo", "--", job.printer, job.title]',
        'command = ["echo", job.title]',
        "POST /orders/{order_id}/label",
    ),
    one(
        "way on in the shop",
        "INJ011",
        PAGES,
        "LocalPath = Annotated[str, Query(), Onward(max_length=100)]",
        "LocalPath = Annotated[str, Query(max_length=100)]",
        "GET /shop/go",
    ),
    one(
        "escaped pages",
        "INJ015",
        PAGES,
        '"templates"), autoescape=True',
        '"templates"), autoescape=False',
    ),
    one(
        "escaped words",
        "INJ010",
        "app/templates/search.html",
        "{{ q }}",
        "{{ q | safe }}",
        "GET /shop/search",
    ),
    Removed(
        "path below the folder",
        "INJ004",
        (WITH_SETTINGS, (FILES, LAST_OF_FILES, LAST_OF_FILES + RAW)),
        "GET /files/raw/{name}",
    ),
    Removed(
        "name of a stored file",
        "INJ005",
        (
            WITH_SETTINGS,
            (FILES, "    stored = await uploads.store(file)\n", BY_ITS_NAME),
        ),
        "POST /files",
    ),
    one(
        "bound of a page",
        "CFG011",
        ORDERS,
        "limit: PageSize = 20",
        "limit: int = 20",
        "GET /orders",
    ),
    # What goes out
    one(
        "addresses that may be called",
        "EGR001",
        "app/outbound.py",
        "client.head(url)",
        "httpx.head(url, timeout=2)",
        "POST /support/pictures/check",
    ),
    one(
        "model of an answer",
        "EXP003",
        "app/routers/accounts.py",
        '@router.get("/me", response_model=UserOut)\nasync def read_me(user: CurrentUser) -> User:',
        '@router.get("/me", response_model=None)\nasync def read_me(user: CurrentUser) -> dict[str, object]:',
        "GET /accounts/me",
    ),
    Removed(
        "configured address of links",
        "INJ017",
        (
            (GUARD, "hosts=settings.allowed_hosts", "hosts=None"),
            (PAGES, LAST_OF_PAGES, LAST_OF_PAGES + INVITE),
        ),
        "POST /shop/invite",
    ),
    # What is kept
    read(
        "secret of the environment",
        "SEC001",
        "app/config.py",
        "secret: SecretStr = Field(default_factory=fresh_secret, min_length=43)\n    webhook",
        'secret: SecretStr = SecretStr("k7Zq2m9XvB4tR8yLw3nF6sJ1dG5hP0cAeU2iOzQxTbVrMk")\n    webhook',
    ),
    read(
        "version of a requirement",
        "PKG001",
        "requirements.txt",
        "jinja2==3.1.6 \\",
        "jinja2>=3.1.6 \\",
    ),
    read("proxies that are believed", "CFG008", "Dockerfile", "10.0.0.5", "*"),
]


ALWAYS = [r for r in REMOVED if r.source]
SLOWER = [r for r in REMOVED if not r.source]
CHOSEN = [*ALWAYS, *(SLOWER if os.environ.get("BUCKLER_EVERYTHING") else SLOWER[::4])]


def without(removed: Removed, folder: Path) -> Path:
    shutil.copytree(SHOP, folder, ignore=IGNORED)
    for file, old, new in removed.changes:
        text = (folder / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{file} has not once: {old}"
        (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def operations() -> list[str]:
    """All of the shop's, as METHOD /path."""
    settings = settings_file.load(SHOP)
    target = discover(str(SHOP), settings)
    (application,) = target.applications
    with Session(target, application, prefix_of(0), Options()) as session:
        model = read_model(session.start().model, SHOP, application, settings)
    return [operation.key for operation in model.operations]


def far(removed: Removed, operations: list[str]) -> tuple[str, ...]:
    """What stands elsewhere: without it a scan takes a few seconds."""
    areas = [f"/{removed.operation.split('/')[1]}"] if removed.operation else ["/shop", "/orders"]
    return tuple(key for key in operations if not key.split()[1].startswith((*areas, "/health")))


@pytest.mark.parametrize("removed", [pytest.param(r, id=r.name) for r in CHOSEN])
def test_what_is_removed_is_found(removed: Removed, operations: list[str], tmp_path: Path) -> None:
    folder = without(removed, tmp_path / "shop")
    if removed.source:
        report = scan_folder(folder, select=(removed.rule,), engines=("source", "packages"))
    else:
        exclude = far(removed, operations)
        report = scan_folder(folder, select=(removed.rule,), exclude=exclude)
    assert not report.failed, report.failed
    found = {finding.location.operation for finding in report.findings}
    assert found if removed.operation is None else removed.operation in found


def test_nothing_is_found_where_nothing_is_removed(operations: list[str], tmp_path: Path) -> None:
    """The same scans of the shop as it is, so that each finding comes of what was removed."""
    whole = Removed("nothing", "", ())
    rules = tuple(sorted({removed.rule for removed in REMOVED}))
    folder = without(whole, tmp_path / "shop")
    report = scan_folder(folder, select=rules, exclude=far(whole, operations))
    assert not report.failed, report.failed
    assert report.findings == ()
