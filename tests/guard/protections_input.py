"""The same of what comes into the secure shop, what goes out of it, and what it keeps."""

from __future__ import annotations

from tests.guard.protections import FILES, GUARD, LAST_OF_PAGES, ORDERS, PAGES, Removed, one, read

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
    one(
        "what is written to the log",
        "LOG002",
        "app/routers/support.py",
        'logger.info("ticket %d is open", ticket.id)',
        'logger.info(f"ticket {ticket.body} is open")',
        "POST /support/tickets",
    ),
    read(
        "certificates of others",
        "EGR002",
        "app/outbound.py",
        "client.head(url)",
        "httpx.head(url, timeout=2, verify=False)",
    ),
    read(
        "time of a call",
        "EGR003",
        "app/outbound.py",
        "client.head(url)",
        "httpx.head(url, timeout=None)",
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
