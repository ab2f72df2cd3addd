"""Till: invoices of a small workshop."""

import hashlib
import hmac
import html
import os
import secrets
import sqlite3
import time
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel, Field

FILE = Path(__file__).with_name("till.db")
KEY = os.environ.get("TILL_KEY") or secrets.token_urlsafe(48)
bearer = OAuth2PasswordBearer(tokenUrl="auth/token")


def connect() -> sqlite3.Connection:
    con = sqlite3.connect(FILE)
    con.row_factory = sqlite3.Row
    return con


def scrambled(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=5)


@asynccontextmanager
async def lifespan(_: FastAPI):
    FILE.unlink(missing_ok=True)
    with closing(connect()) as con, con:
        con.executescript("""
            CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT, salt BLOB, hash BLOB);
            CREATE TABLE invoice (id INTEGER PRIMARY KEY, account_id INTEGER, customer TEXT,
                                  total REAL, memo TEXT, paid INTEGER DEFAULT 0);
            CREATE TABLE audit (id INTEGER PRIMARY KEY, line TEXT);
        """)
        people = {"alice": "lilac-harbour-42", "boris": "copper-meadow-17"}
        for name, password in people.items():
            salt = secrets.token_bytes(16)
            con.execute(
                "INSERT INTO account (name, salt, hash) VALUES (?, ?, ?)",
                (name, salt, scrambled(password, salt)),
            )
        con.executemany(
            "INSERT INTO invoice (account_id, customer, total, memo) VALUES (?, ?, ?, ?)",
            [(1, "Harbour Cafe", 120.0, "table"), (2, "Mill & Co", 75.5, "shelf")],
        )
    yield


app = FastAPI(title="Till", lifespan=lifespan)


class Invoice(BaseModel):
    customer: str = Field(max_length=80, examples=["Harbour Cafe"])
    total: float = Field(gt=0, examples=[12.5])
    memo: str = Field(default="", max_length=200)


def account(token: Annotated[str, Depends(bearer)]) -> dict:
    try:
        claims = jwt.decode(token, KEY, algorithms=["HS256"], options={"require": ["exp"]})
    except jwt.InvalidTokenError:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"}) from None
    return {"id": int(claims["sub"]), "name": claims["name"]}


Account = Annotated[dict, Depends(account)]


@app.post("/auth/token")
def sign_in(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
    with closing(connect()) as con:
        row = con.execute("SELECT * FROM account WHERE name = ?", (form.username,)).fetchone()
    salt = row["salt"] if row else b"0" * 16
    given = scrambled(form.password[:200], salt)
    if row is None or not hmac.compare_digest(given, row["hash"]):
        raise HTTPException(400, "wrong name or password")
    claims = {
        "sub": str(row["id"]),
        "name": row["name"],
        "exp": int(time.time()) + 1800,
    }
    return {"access_token": jwt.encode(claims, KEY, "HS256"), "token_type": "bearer"}


@app.get("/invoices")
def my_invoices(me: Account, sort: str = "id", limit: Annotated[int, Query(ge=1, le=100)] = 20):
    key = sort if sort in {"id", "total", "customer"} else "id"
    query = f"SELECT id, customer, total FROM invoice WHERE account_id = ? ORDER BY {key} LIMIT ?"
    with closing(connect()) as con:
        return [dict(r) for r in con.execute(query, (me["id"], limit))]


@app.get("/invoices/search")
def search(me: Account, q: str = "cafe", order: str = "asc"):
    query = "SELECT id, customer, total FROM invoice WHERE account_id = :me"
    query += " AND customer LIKE :q ORDER BY total " + order
    with closing(connect()) as con:
        found = con.execute(query, {"me": me["id"], "q": f"%{q}%"}).fetchall()
    return [dict(r) for r in found]


@app.post("/invoices", status_code=201)
def add_invoice(me: Account, invoice: Invoice):
    fields = invoice.model_dump()
    marks = ", ".join(":" + name for name in fields)
    query = f"INSERT INTO invoice ({', '.join(fields)}, account_id) VALUES ({marks}, :me)"
    with closing(connect()) as con, con:
        return {"id": con.execute(query, {**fields, "me": me["id"]}).lastrowid}


@app.get("/invoices/{number}")
def one_invoice(number: int, me: Account):
    with closing(connect()) as con:
        row = con.execute("SELECT * FROM invoice WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise HTTPException(404)
    return dict(row)


@app.get("/invoices/{number}/memo")
def invoice_memo(number: int, me: Account):
    with closing(connect()) as con:
        row = con.execute("SELECT * FROM invoice WHERE id = ?", (number,)).fetchone()
    if row is None or row["account_id"] != me["id"]:
        raise HTTPException(404)
    return {"memo": row["memo"]}


@app.get("/invoices/{number}/print", response_class=HTMLResponse)
def print_invoice(number: int, me: Account, heading: str = "Invoice"):
    with closing(connect()) as con:
        row = con.execute(
            "SELECT * FROM invoice WHERE id = ? AND account_id = ?", (number, me["id"])
        ).fetchone()
    if row is None:
        return HTMLResponse("<p>nothing to print</p>")
    customer = html.escape(row["customer"])
    return HTMLResponse("<h1>%s</h1><p>%s: %.2f</p>" % (heading, customer, row["total"]))


@app.get("/invoices/{number}/label", response_class=HTMLResponse)
def label(number: int, me: Account, heading: str = "To"):
    return HTMLResponse("<h1>%s</h1><p>No. %d</p>" % (html.escape(heading), number))


@app.post("/invoices/{number}/pay")
def pay(number: int):
    with closing(connect()) as con, con:
        done = con.execute("UPDATE invoice SET paid = 1 WHERE id = ?", (number,)).rowcount
    return {"paid": bool(done)}


@app.post("/visits", status_code=201)
def visit(request: Request):
    agent = request.headers.get("user-agent", "")[:300]
    with closing(connect()) as con, con:
        con.executescript(f"INSERT INTO audit (line) VALUES ('{agent}');")
    return {"counted": True}


@app.get("/leave")
def leave(to: Annotated[str, Query(examples=["help"])] = "help"):
    pages = {"help": "/docs", "home": "/"}
    return RedirectResponse(pages.get(to, "/"))
