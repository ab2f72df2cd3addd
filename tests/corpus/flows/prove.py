"""Shows that the labels of this corpus are true, by executing the cases.

Each case runs in a process of its own, in a copy, with its sinks watched. A benign request must be
answered; then attacks are sent. A vulnerable case is proved when one arrives harmful, a safe one
when none does. ``python tests/corpus/flows/prove.py [CLASS | CLASS/CASE ...]``.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import recorders  # noqa: E402
from attacks import ATTACKS, plant, shaped  # noqa: E402
from judges import JUDGES, Run  # noqa: E402

PATIENCE = 8.0
SHARED = (
    "fastapi.testclient",
    "asyncpg",
    "cryptography.hazmat.decrepit.ciphers.algorithms",
    "httpx",
    "httpx2",
    "jinja2",
    "motor.motor_asyncio",
    "psycopg",
    "pymongo",
    "requests",
    "sqlalchemy.ext.asyncio",
    "sqlmodel",
)
PROGRAMS = (
    "git ping convert ffmpeg ffprobe pandoc nslookup dig host tar zip unzip wkhtmltopdf pdftotext gs whois rsync "
    "curl wget ls find grep sort openssl tesseract lpr traceroute df du wc head tail file identify exiftool "
    "pg_dump psql mysqldump systemctl svn hg sendmail mail black ruff node npm make docker kubectl"
).split()
STUB = '#!/bin/sh\nfor a in "$@"; do printf \'%s\\037\' "$a" >> "$ARGV_LOG"; done\nprintf \'\\036\' >> "$ARGV_LOG"\necho done\n'


def programs(folder: Path) -> None:
    """Stand-ins that write their arguments down, and what a shell needs."""
    folder.mkdir()
    for name in PROGRAMS:
        (folder / name).write_text(STUB, encoding="utf-8")
        (folder / name).chmod(0o755)
    for name in ("touch", "echo", "cat", "true", "sh"):
        (folder / name).symlink_to(shutil.which(name) or f"/bin/{name}")


def filled(value: Any, sent: Any) -> Any:
    """A request with the attack in the place of ``$``."""
    if isinstance(value, dict):
        return {filled(key, sent): filled(part, sent) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(part, sent) for part in value]
    if value == "$":
        return sent
    if isinstance(value, str) and "$" in value and isinstance(sent, str):
        return value.replace("$", sent)
    return value


class Recorded:
    """ASGI layer that keeps raw response headers, which clients clean up or refuse."""

    def __init__(self, app: Any) -> None:
        self.app, self.headers = app, []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def keep(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.headers = [
                    (name.decode("latin-1").lower(), value.decode("latin-1"))
                    for name, value in message["headers"]
                ]
                clean = [
                    (n, v.replace(b"\n", b" ").replace(b"\r", b" ")) for n, v in message["headers"]
                ]
                message = {**message, "headers": clean}
            await send(message)

        await self.app(scope, receive, keep)


class Door:
    """Sends the requests of a case to its application, ASGI or WSGI."""

    def __init__(self, app: Any) -> None:
        from starlette.applications import Starlette
        from starlette.testclient import TestClient

        self.layer = None
        if isinstance(app, Starlette) or getattr(app, "asgi", False):
            self.layer = Recorded(app)
            self.client = TestClient(
                self.layer, raise_server_exceptions=False, follow_redirects=False
            )
            self.client.__enter__()
        else:
            import httpx

            self.client = httpx.Client(
                transport=httpx.WSGITransport(app, raise_app_exceptions=False),
                base_url="http://testserver",
            )

    def send(self, step: list[Any], sent: Any) -> dict[str, Any]:
        method, _, target = step[0].partition(" ")
        options = filled(step[1], sent) if len(step) > 1 else {}
        if isinstance(sent, str):
            target = target.replace("$", quote(sent, safe=""))
        if method == "WS":
            with self.client.websocket_connect(
                target, headers=options.get("headers", {})
            ) as socket:
                for text in options["send"]:
                    socket.send_text(text)
                return {"status": 200, "headers": [], "body": socket.receive_text()}
        if "cookies" in options:
            cookies = "; ".join(f"{name}={value}" for name, value in options.pop("cookies").items())
            options.setdefault("headers", {})["cookie"] = cookies
        if "files" in options:
            options["files"] = {name: tuple(part) for name, part in options["files"].items()}
        answer = self.client.request(method, target, **options)
        headers = self.layer.headers if self.layer else list(answer.headers.multi_items())
        return {"status": answer.status_code, "headers": headers, "body": answer.text}


def lead(case: Path, proof: dict[str, Any], judge: str, root: Path, report: int) -> None:
    """In the child: benign request, then the attacks; the outcome goes up the pipe."""
    out: dict[str, Any] = {}
    try:
        out = drive(case, proof, judge, root, report)
    except ImportError as error:
        out = {"absent": str(error)}
    except BaseException:
        out = {"broken": traceback.format_exc()}
    finally:
        os.write(report, (json.dumps(out) + "\n").encode())
        os._exit(0)


def drive(case: Path, proof: dict[str, Any], judge: str, root: Path, report: int) -> dict[str, Any]:
    os.chdir(root / "app")
    plant(root)
    programs(root / "bin")
    os.environ.update(PATH=str(root / "bin"), ARGV_LOG=str(root / "argv"))
    printed = os.open(root / "printed", os.O_RDWR | os.O_CREAT)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    sys.path[:0] = [str(root / "app"), str(root)]
    recorders.install()
    import main  # type: ignore[import-not-found]

    door = Door(main.app)

    def run(sent: Any) -> Run:
        recorders.EVENTS.clear()
        (root / "argv").unlink(missing_ok=True)
        os.ftruncate(printed, 0)
        os.lseek(printed, 0, os.SEEK_SET)
        recorders.UPSTREAM.clear()
        if "upstream" in proof:
            recorders.UPSTREAM["answer"] = filled(proof["upstream"], sent)
        began, answers, moment = time.perf_counter(), [], time.time()
        for step in proof["send"]:
            if judge == "weak_random":
                random.seed(7)
                time.time = lambda: moment
                time.time_ns = lambda: int(moment * 1e9)
            answers.append(door.send(step, sent))
        sys.stdout.flush()
        sys.stderr.flush()
        text = (root / "printed").read_text(encoding="utf-8", errors="replace")
        for log in (root / "app").rglob("*.log"):
            text += log.read_text(encoding="utf-8", errors="replace")
        return Run(
            sent, root, proof, list(recorders.EVENTS), answers, text, time.perf_counter() - began
        )

    good = run(shaped_ok(proof.get("ok", "1"), root))
    reached = bool(good.of("host") or good.of("http"))
    statuses = [answer["status"] for answer in good.answers]
    fine = (
        max(statuses) < 400 or (judge in ("ssrf", "second_order") and reached) or proof.get("error")
    )
    if judge in SEEN and not any(good.of(kind) for kind in SEEN[judge]):
        fine = False
    wrong = JUDGES[judge](good) if judge not in ALWAYS else False
    errors = []
    for attack in proof.get("attacks", ATTACKS[judge]):
        os.write(report, b"~\n")
        try:
            done = run(shaped(attack, root))
        except Exception as error:  # noqa: BLE001 - a refusal by the client is no proof of harm
            errors.append(repr(error))
            continue
        if JUDGES[judge](done):
            return {"fine": fine, "wrong": wrong, "harm": repr(attack)[:90], "good": statuses}
    body = good.body[:200] + good.printed[-1500:] if not fine else ""
    return {"fine": fine, "wrong": wrong, "good": statuses, "body": body, "errors": errors[:2]}


ALWAYS = (
    "weak_random",
    "crypto_mode",
    "cookie_flags",
    "host_header",
    "weak_hash",
    "exception_detail",
    "mass_assignment",
    "regex_dos",
    "secret_in_log",
)


# A safe case proves nothing where the benign request was not seen at its sink.
SEEN = {
    "sql": ("sql",),
    "nosql": ("mongo",),
    "ldap": ("ldap",),
    "ssrf": ("host", "http"),
    "host_header": ("mail",),
}


def shaped_ok(value: Any, root: Path) -> Any:
    """The benign value; a pair names an archive."""
    return shaped(
        tuple(value)
        if isinstance(value, list) and value[:1] in (["zip"], ["tar"], ["tgz"])
        else value,
        root,
    )


def outcome(name: str, proof: dict[str, Any]) -> dict[str, Any]:
    """Run one case in a child; a child that hangs on an attack is ended, and that is its outcome."""
    judge = proof.get("judge", name.partition("/")[0])
    root = Path(tempfile.mkdtemp(prefix="flow"))
    shutil.copytree(HERE / name, root / "app")
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        lead(HERE / name, proof, judge, root, theirs)
    os.close(theirs)
    text, attacked, limit = b"", False, time.monotonic() + PATIENCE
    while True:
        ready, _, _ = select.select([ours], [], [], max(0.0, limit - time.monotonic()))
        if not ready:
            os.kill(child, signal.SIGKILL)
            break
        part = os.read(ours, 65536)
        if not part:
            break
        if b"~" in part:
            attacked, limit = True, time.monotonic() + PATIENCE
        text += part
    os.close(ours)
    os.waitpid(child, 0)
    shutil.rmtree(root, ignore_errors=True)
    last = [line for line in text.split(b"\n") if line.startswith(b"{")]
    if last:
        return json.loads(last[-1])
    if judge == "regex_dos" and attacked:
        return {"fine": True, "wrong": False, "harm": "no answer in time"}
    return {"broken": "no answer in time"}


def verdict(label: dict[str, Any], out: dict[str, Any]) -> str:
    """One word for what the run says of the label."""
    if "absent" in out:
        return "absent"
    if "broken" in out or out["wrong"] or not out["fine"]:
        return "broken"
    return "proved" if ("harm" in out) == label["vulnerable"] else "wrong"


def main() -> None:
    """Print the table; exit 1 where a label is wrong or a proof does not run."""
    labels = json.loads((HERE / "labels.json").read_text(encoding="utf-8"))
    for module in SHARED:
        importlib.import_module(module)

    table: dict[str, Counter[str]] = {}
    bad = []
    for name, label in labels.items():
        if sys.argv[1:] and not any(name == a or name.startswith(f"{a}/") for a in sys.argv[1:]):
            continue
        folder, _, case = name.partition("/")
        proof = json.loads((HERE / folder / "proofs.json").read_text(encoding="utf-8"))[case]
        row = table.setdefault(folder, Counter())
        row["cases"] += 1
        if "send" not in proof:
            row["not run"] += 1
            bad.append(f"not run  {name}: {proof.get('reason', 'no reason given')}")
            continue
        out = outcome(name, proof)
        said = verdict(label, out)
        row[
            f"{said} {'vulnerable' if label['vulnerable'] else 'safe'}"
            if said == "proved"
            else said
        ] += 1
        if said != "proved":
            bad.append(f"{said:8} {name}: {json.dumps(out)[:2500]}")
    columns = ("cases", "proved vulnerable", "proved safe", "not run", "absent", "broken", "wrong")
    print(f"{'class':20}" + "".join(f"{column:>19}" for column in columns))
    total: Counter[str] = Counter()
    for folder, row in table.items():
        total += row
        print(f"{folder:20}" + "".join(f"{row[column]:19}" for column in columns))
    print(f"{'all':20}" + "".join(f"{total[column]:19}" for column in columns))
    print(*bad, sep="\n")
    sys.exit(bool(total["broken"] or total["wrong"]))


if __name__ == "__main__":
    main()
