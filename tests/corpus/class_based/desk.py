import ast
import html
import operator
import subprocess
from typing import Annotated

from fastapi import Form, Path
from fastapi.responses import HTMLResponse, RedirectResponse

from members import Librarian, SignedIn


class Handler:
    path: str
    methods = ["GET"]

    def bind(self, router) -> None:
        router.add_api_route(self.path, self.handle, methods=self.methods, name=self.path)


class Fine(Handler):
    path = "/fine"
    methods = ["POST"]

    def handle(self, me: SignedIn, rule: Annotated[str, Form(max_length=200)] = "3 * 0.2"):
        names = {"days": 3, "__builtins__": {}}
        try:
            return {"fine": str(eval(rule, names))}
        except Exception:
            return {"fine": None}


class Quote(Handler):
    path = "/quote"
    methods = ["POST"]
    signs = {"+": operator.add, "-": operator.sub, "*": operator.mul}

    def handle(self, me: SignedIn, rule: Annotated[str, Form(max_length=200)] = "[3, '*', 2]"):
        try:
            left, sign, right = ast.literal_eval(rule)
            return {"quote": self.signs[sign](float(left), float(right))}
        except (ValueError, SyntaxError, KeyError, TypeError):
            return {"quote": None}


class Welcome(Handler):
    path = "/welcome/{name}"

    def handle(self, name: str, tone: str = "Hello"):
        return HTMLResponse(self.body(tone, html.escape(name)))

    def body(self, tone: str, name: str) -> str:
        return "<p>{}, {}</p>".format(html.escape(tone), name)


class Goodbye(Welcome):
    path = "/goodbye/{name}"

    def body(self, tone: str, name: str) -> str:
        return f"<p class={html.escape(tone)}>Goodbye, {name}</p>"


class Leave(Handler):
    path = "/leave"

    def handle(self, to: str = "/library"):
        return RedirectResponse(
            "/" + to.lstrip("/\\") if to.isascii() and to.isprintable() else "/"
        )


class Stats(Handler):
    path = "/stats/{word}"

    def handle(self, me: Librarian, word: Annotated[str, Path(max_length=60)]):
        argv = ["grep", "-c", "-F", "-e", word, "/dev/null"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=5)
        return {"lines": done.stdout.strip()}


HANDLERS = [Fine(), Quote(), Welcome(), Goodbye(), Leave(), Stats()]
