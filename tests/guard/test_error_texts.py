"""Texts that tell of the inside are known by their form; what is written for people stays."""

from __future__ import annotations

import json
import time

import pytest

from buckler.guard.errors import tells_inside

TRACEBACK = 'Traceback (most recent call last):\n  File "/x/y.py", line 3, in <module>\nKeyError: 1'
TELLING = [
    TRACEBACK,
    json.dumps(TRACEBACK[20:]),
    json.dumps(json.dumps(TRACEBACK[35:])),
    "File &quot;main.py&quot;, line 7",
    "at com.shop.Orders.find(Orders.java:31)",
    "at Object.<anonymous> (/x/y.js:1:2)",
    "goroutine 1 [running]:",
    "main.py:31 failed",
    "ValueError: nope",
    "KeyError('x')",
    "<class 'shop.errors.OrderError'>",
    "[Errno 2] No such file or directory: 'x'",
    "[WinError 5] Access is denied",
    # PostgreSQL
    'relation "users" does not exist',
    'duplicate key value violates unique constraint "users_mail_key"',
    "DETAIL:  Key (mail)=(a@b) already exists.",
    'syntax error at or near "FROM"',
    'null value in column "x" of relation "y" violates not-null constraint',
    'invalid input syntax for type integer: "a"',
    "permission denied for table users",
    'column "x" does not exist\nLINE 1: SELECT',
    'ERROR:  role "shop" already exists',
    'column reference "id" is ambiguous',
    # MySQL, MariaDB
    "You have an error in your SQL syntax; check the manual",
    "(1062, \"Duplicate entry 'a' for key 'users.mail'\")",
    "Table 'shop.users' doesn't exist",
    "Unknown column 'x' in 'field list'",
    "Access denied for user 'shop'@'db' (using password: YES)",
    "Cannot add or update a child row",
    # SQLite
    "UNIQUE constraint failed: users.mail",
    "no such table: users",
    'near "FROM": syntax error',
    "database is locked",
    # Oracle, SQL Server, MongoDB, Redis
    "ORA-00942: table or view does not exist",
    "Incorrect syntax near 'x'",
    "Unclosed quotation mark after the character string",
    "Invalid object name 'users'",
    "[Microsoft][ODBC Driver 18 for SQL Server]",
    "E11000 duplicate key error collection: shop.users",
    "WRONGTYPE Operation against a key",
    "[SQL: INSERT]",
    "(Background on this error at: https://sqlalche.me/e/20/gkpj)",
    "near: SELECT name FROM users",
    "DELETE FROM users",
    "psycopg.errors.UndefinedTable",
    # Places
    "see /var/lib/shop/x.db",
    "cannot open '/home/ann/shop/main'",
    "path:/etc/passwd",
    "file:///opt/shop/a",
    "/Users/ann/shop is missing",
    "/app/src/settings.toml",
    "/private/var/folders",
    r"C:\shop\main.exe",
    json.dumps(r"C:\shop\main.exe"),
    "C:/Users/ann/shop",
    r"\\files\share\x",
    "/usr/lib/python3/dist-packages/x",
    "10.1.2.3 refused",
    "no route to 192.168.0.7",
    "169.254.169.254 answered",
    "fd12:3456:789a::1 refused",
    "fe80::1",
    "::1",
    "no route to postgresql://db/shop",
    "jdbc:oracle:thin://x",
    "amqps://queue",
    "localhost:5432 refused",
    "orders.internal:8080",
    "http://orders.corp/x",
    "orders.shop.svc.cluster.local",
    "HTTPConnectionPool(host='x', port=80)",
    "Error 111 connecting to x",
    # Versions
    "uvicorn/0.38.1",
    "nginx 1.25",
    "Python/3.11",
    "Python 3.11.4",
    "Microsoft-IIS/10.0",
    "Apache/2.4.58 (Ubuntu)",
    "For further information visit https://errors.pydantic.dev/2.12/v/missing",
    "2 validation errors for Order",
    "[type=missing, input_value={'a': 1}, input_type=dict]",
    # Objects
    "<app.models.User object at 0x7f00>",
    "<function find at 0x7f00>",
    "'NoneType' object has no attribute 'x'",
    "f() missing 1 required positional argument",
    "invalid literal for int() with base 10",
    "list index out of range",
    "No module named 'shop'",
    "Expecting value: line 1 column 1 (char 0)",
    "'utf-8' codec can't decode byte 0xff",
    # The environment, credentials
    "environ({'A': 'b'})",
    "DEBUG_MODE=1 DATABASE_HOST=db APP_X=1 ",
    "PATH=/usr/bin",
    "SHOP_SECRET_KEY=abc",
    "host=db user=shop password=x",
    "Server=db;Database=x;Pwd=y",
    "https://ann:hunter22@shop.example",
    "sent eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.abcdefghijkl",
    "paid with 4111 1111 1111 1111",
    "Card 4111111111111111 was declined",
    "{'SHOP_PASSWORD': 'x'}",
]
FOR_PEOPLE = [
    "Not found",
    "Not enough stock for item 7",
    "This order is paid already",
    "Select at least one item from the list",
    "SELECT an item",
    "Update your profile first",
    "Please update the address and set a name",
    "Delete the photo from your profile first",
    "This endpoint moved to /v2/orders",
    "See /home/settings",
    "See /users/7/orders for more",
    "Go to /app/orders or /lib/books/3",
    "Open https://shop.example/var/help for help",
    "Upload to /uploads/photos/summer.jpg failed",
    "Order 10.5 is not available",
    "Version 2.3.1 of the app is too old",
    "The course Python 3.11 is sold out",
    "Node 20 is full; choose another train",
    "Password must have 12 characters",
    "The password is wrong",
    "Your token has expired",
    "The secret word is too short",
    "An error occurred",
    "Error: try again",
    "Terror: the movie is sold out",
    "A warning: this cannot be undone",
    "Validation error",
    "The value is not a valid email address: an email address must have an @-sign",
    "Your file has an error in line 3",
    "File report.csv, line 3: the date is missing",
    "Line 3: expected a number",
    "Division by zero is not allowed",
    "The table for 4 persons is not free at 19:30",
    "Table 7 does not exist",
    'Column "price" is missing in your file',
    "There is no such table in this restaurant",
    "Duplicate entry: this address is listed twice",
    "The name 'ann' is taken",
    "User ann already exists",
    "Access denied",
    "Permission denied",
    "Constraint: at most 5 items",
    "The room is locked",
    "Choose a time between 08:00 and 17:30",
    "Ratio 16:9 is not supported",
    "The code ABC::12 is unknown",
    "Field settings.local is read only",
    "Host is required",
    "Connection to your bank failed; try again later",
    "Use the local store",
    "Please call +49 30 1234567",
    "IBAN DE89 3704 0044 0532 0130 00 is not known",
    "Order 1234567890123456 was not found",
    "Invoice 2024-11-30/4711 is not paid",
    "550e8400-e29b-41d4-a716-446655440000 was not found",
    "Set MODE=fast",
    "The class 'Yoga' is full",
    "ISBN 978-3-16-148410-0 is not in stock",
    "Object has no owner",
    "Redis and nginx are fine words",
    "At least 3 arguments are needed",
    "Paris (12:30) is full",
    "No module is chosen",
    "Nachricht zu lang: höchstens 200 Zeichen",
    "在庫がありません",
    'The role "admin" already exists',
    'A product of type "gift" already exists',
    'Column "price" does not exist in your file',
    "Table '7' doesn't exist",
    "Invalid column name 'price'",
    "Max retries exceeded: try again tomorrow",
    "PASSWORD: must have 12 characters",
    "Moved to /node/20",
    "Shipping by express/24 is not possible",
    "The file /files/7/settings.yaml was not found",
    "Order 4111111111111111 was not found",
]


@pytest.mark.parametrize("text", TELLING)
def test_texts_that_tell(text: str) -> None:
    assert tells_inside(text)
    assert tells_inside(f"It failed ({text})")


@pytest.mark.parametrize("text", FOR_PEOPLE)
def test_texts_that_do_not(text: str) -> None:
    assert not tells_inside(text)


@pytest.mark.parametrize(
    "part",
    [
        "SELECT ", "UPDATE x ", "File \"", "at a.b(", "/a", "/home/a/", "a.b.", "A_B=", "A_B=1 ", "<a ", "host=a ",
        "aError", "AError", "fd00:", "Table '", 'relation "', "C:\\", "\\\\a", "jdbc:", "10.", "x", "A", "duplicate entry '",
    ],
)  # fmt: skip
def test_time_grows_with_the_text_and_not_with_its_square(part: str) -> None:
    def seconds(size: int) -> float:
        text = part * (size // len(part))
        took = []
        for _ in range(3):
            start = time.thread_time()
            tells_inside(text)
            took.append(time.thread_time() - start)
        return min(took)

    assert seconds(8_000) < 24 * max(seconds(1_000), 0.001)


def test_what_no_person_reads_is_left_out_unread() -> None:
    text = "SELECT " * 1_000_000
    start = time.thread_time()
    assert tells_inside(text)
    assert time.thread_time() - start < 0.1
    assert not tells_inside("a word " * 500)
