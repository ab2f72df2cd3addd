"""The table: what hostile or careless code tries, and what each mode makes of it.

Outcomes, as seen from outside: `stopped` (the code was told no), `redirected` (it believes it
happened), `through` (it did happen). The letters stand for the modes of `world.MODES` in order:
hooks, kernel, both, degraded.
"""

from __future__ import annotations

from dataclasses import dataclass

_WORDS = {"s": "stopped", "r": "redirected", "t": "through"}


@dataclass(frozen=True, slots=True)
class Attack:
    """One row. `needs` is a package the interpreter must have."""

    name: str
    code: str
    letters: str
    needs: str = ""

    def expected(self, mode: str) -> str:
        """The outcome in `mode`."""
        return _WORDS[self.letters[("hooks", "kernel", "both", "degraded").index(mode)]]


_SLEEP = '["/bin/sh", "-c", "sleep 60; : " + token]'
_LIBC = "import ctypes, os; libc = ctypes.CDLL(None, use_errno=True)\n"
_FORK = "import os, time\nif os.fork() == 0:\n    time.sleep(60)\n    os._exit(0)\n"

ATTACKS = [
    # writing
    Attack(
        "open a file of the project and write",
        'open(project + "/main.py", "w").write("hacked")',
        "rrrr",
    ),
    Attack(
        "append, and read back",
        'open("main.py", "a").write("x"); assert open("main.py").read().endswith("x")',
        "rrrr",
    ),
    Attack("create a file beside the project", 'open(outside + "/new", "w").write("x")', "rrrr"),
    Attack(
        "os.open and os.write",
        'import os; os.write(os.open(project + "/main.py", os.O_WRONLY | os.O_TRUNC), b"x")',
        "rrrr",
    ),
    Attack("io.FileIO", 'import io; io.FileIO(project + "/main.py", "w").write(b"x")', "srrs"),
    Attack(
        "posix.open",
        'import posix, os; os.write(posix.open(project + "/main.py", os.O_WRONLY), b"x")',
        "srrs",
    ),
    Attack(
        "pathlib write_text",
        'import pathlib; pathlib.Path(project, "main.py").write_text("x")',
        "rrrr",
    ),
    Attack(
        "os.makedirs and a file in it",
        'import os; os.makedirs("a/b/c"); open("a/b/c/d", "w").write("x"); os.stat("a/b/c/d")',
        "rrrr",
    ),
    Attack("os.rename of an original", 'import os; os.rename("main.py", "gone.py")', "srrs"),
    Attack(
        "write, then os.replace over an original",
        'import os; open("t", "w").write("x"); os.replace("t", "main.py")',
        "rrrr",
    ),
    Attack("os.chmod", 'import os; os.chmod("main.py", 0o777)', "srrs"),
    Attack(
        "os.fchmod of a descriptor opened to read",
        'import os; os.fchmod(os.open("main.py", os.O_RDONLY), 0o777)',
        "srrs",
    ),
    Attack("os.utime", 'import os; os.utime("main.py", (1, 1))', "srrs"),
    Attack("os.truncate", 'import os; os.truncate("main.py", 0)', "rrrr"),
    Attack(
        "os.symlink",
        'import os; os.symlink("main.py", "link.py"); assert open("link.py").read()',
        "rrrr",
    ),
    Attack(
        "write through a link in scratch",
        'import os; os.symlink(project, scratch + "/l"); open(scratch + "/l/main.py", "w")',
        "rrrr",
    ),
    Attack(
        "hard link, then write",
        'import os; os.link("main.py", "hard"); open("hard", "w").write("x")',
        "rrrr",
    ),
    Attack(
        "hard link into scratch, then write",
        'import os; os.link("main.py", scratch + "/h"); open(scratch + "/h", "w")',
        "rssr",
    ),
    Attack("os.remove", 'import os; os.remove("main.py")', "srrs"),
    Attack(
        "os.remove by a folder's descriptor",
        'import os; os.remove("main.py", dir_fd=os.open(project, os.O_RDONLY))',
        "srrs",
    ),
    Attack("shutil.rmtree of a folder", "import shutil; shutil.rmtree('data')", "srrs"),
    # The project is a mount point inside, which stays when everything in it is gone.
    Attack("shutil.rmtree of the project", "import shutil; shutil.rmtree(project)", "ssss"),
    Attack(
        "shutil.move of an original",
        'import shutil; shutil.move("main.py", outside + "/main.py")',
        "srrs",
    ),
    Attack(
        "threads writing",
        "import concurrent.futures as f\n"
        'list(f.ThreadPoolExecutor(8).map(lambda n: open(f"{project}/t{n % 5}", "w").write("x"), range(200)))',
        "rrrr",
    ),
    Attack(
        "write 2 GB", 'f = open("big", "wb")\nfor _ in range(2048): f.write(bytes(1 << 20))', "ssss"
    ),
    Attack(
        "ctypes: libc open and write",
        _LIBC + 'libc.write(libc.open(b"main.py", 1), b"hacked", 6)',
        "trrr",
    ),
    Attack("ctypes: libc unlink", _LIBC + 'assert libc.unlink(b"main.py") == 0', "trrs"),
    Attack("ctypes: libc chmod", _LIBC + 'assert libc.chmod(b"main.py", 0o777) == 0', "trrt"),
    # SQLite
    Attack(
        "sqlite3 insert, read back",
        'import sqlite3\nc = sqlite3.connect("shop.db"); c.execute("insert into orders values (1)"); c.commit()\n'
        'assert sqlite3.connect("file:shop.db?mode=ro", uri=True).execute("select count(*) from orders").fetchone()[0] == 1',
        "rrrr",
    ),
    Attack(
        "sqlite3 ATTACH",
        'import sqlite3\nc = sqlite3.connect(":memory:"); c.execute("attach ? as s", (project + "/shop.db",))\n'
        'c.execute("insert into s.orders values (1)"); c.commit()',
        "srrs",
    ),
    Attack(
        "sqlite3 with a factory and an authorizer of its own",
        "import sqlite3\nclass C(sqlite3.Connection): pass\n"
        'c = sqlite3.connect("shop.db", factory=C); c.set_authorizer(lambda *a: 0)\n'
        "c.execute(f\"attach '{project}/shop.db' as s\"); c.execute('insert into s.orders values (1)'); c.commit()",
        "srrs",
    ),
    Attack(
        "sqlite3 VACUUM INTO",
        "import sqlite3; sqlite3.connect(':memory:').execute(f\"vacuum into '{outside}/v.db'\")",
        "srrs",
    ),
    Attack(
        "_sqlite3 directly",
        'import _sqlite3; _sqlite3.Connection("shop.db").execute("create table x (y)")',
        "rrrr",
    ),
    # processes
    Attack("subprocess.Popen", f"import subprocess; subprocess.Popen({_SLEEP})", "ssss"),
    Attack("os.system", 'import os; assert os.system("sleep 60 & : " + token) == 0', "ssss"),
    Attack("os.posix_spawn", f'import os; os.posix_spawn("/bin/sh", {_SLEEP}, {{}})', "ssss"),
    Attack("os.execv", f'import os; os.execv("/bin/sh", {_SLEEP})', "ssss"),
    Attack("os.fork", _FORK, "ssss"),
    Attack(
        "a daemon by two forks",
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(60)\n",
        "ssss",
    ),
    Attack(
        "pty.fork", "import os, pty, time\nif pty.fork()[0] == 0:\n    time.sleep(60)\n", "ssss"
    ),
    Attack(
        "multiprocessing fork",
        'import multiprocessing as m, time; m.get_context("fork").Process(target=time.sleep, args=(60,)).start()',
        "ssss",
    ),
    Attack(
        "multiprocessing spawn",
        'import multiprocessing as m, time; m.get_context("spawn").Process(target=time.sleep, args=(60,)).start()',
        "ssss",
    ),
    Attack(
        "asyncio subprocess",
        'import asyncio; asyncio.run(asyncio.create_subprocess_exec("/bin/sh", "-c", "sleep 60; : " + token))',
        "ssss",
    ),
    Attack(
        "ctypes: libc fork by its name",
        _LIBC + "p = libc.fork()\nif p == 0: libc.sleep(60)\nassert p > 0",
        "ssss",
    ),
    Attack(
        "ctypes: fork by another name",
        _LIBC
        + "import time\np = ctypes.PyDLL(None)._Fork()\nif p == 0:\n    time.sleep(6); os._exit(0)\nassert p > 0",
        "tsss",
    ),
    Attack(
        "ctypes: libc execve by its name",
        _LIBC
        + 'a = (ctypes.c_char_p * 3)(b"sleep", b"60", None); assert not libc.execve(b"/bin/sleep", a, None)',
        "ssss",
    ),
    Attack("signal to another process", "import os; os.kill(victim, 9)", "ssss"),
    Attack(
        "signal to the scanner's process",
        "import os; os.kill(os.getppid(), 9)\nif os.getppid() == 1: raise PermissionError('process 1 ignores it')",
        "ssss",
    ),
    Attack(
        "ctypes: libc raise by pidfd",
        _LIBC + "assert libc.pidfd_send_signal(libc.pidfd_open(victim, 0), 9, None, 0) == 0",
        "tsss",
    ),
    # connections
    Attack(
        "connect to a server on loopback",
        'import socket; socket.create_connection(("127.0.0.1", port))',
        "ssss",
    ),
    Attack(
        "asyncio connection",
        'import asyncio; asyncio.run(asyncio.open_connection("127.0.0.1", port))',
        "ssss",
    ),
    Attack(
        "urllib",
        'import urllib.request; urllib.request.urlopen(f"http://127.0.0.1:{port}/")',
        "ssss",
    ),
    Attack(
        "a Unix socket inside the project",
        "import socket; socket.socket(socket.AF_UNIX).connect(unix)",
        "ssss",
    ),
    Attack(
        "a Unix socket by a relative path",
        'import socket; socket.socket(socket.AF_UNIX).connect("server.sock")',
        "ssss",
    ),
    Attack(
        "listen on every address", 'import socket; socket.socket().bind(("0.0.0.0", 0))', "srrs"
    ),
    Attack(
        "ctypes: libc connect by its name",
        _LIBC + "import socket, struct\ns = socket.socket()\n"
        'a = struct.pack("=HH", 2, socket.htons(port)) + bytes([127, 0, 0, 1]) + bytes(8)\nassert libc.connect(s.fileno(), a, 16) == 0',
        "ssss",
    ),
    Attack(
        "ctypes: connect by another name",
        _LIBC + "import socket, struct\ns = socket.socket()\n"
        'a = struct.pack("=HH", 2, socket.htons(port)) + bytes([127, 0, 0, 1]) + bytes(8)\nassert libc.__connect(s.fileno(), a, 16) == 0',
        "tsss",
    ),
    Attack(
        "uvloop: connect",
        'import asyncio, uvloop\nuvloop.install()\nasync def go(): await asyncio.open_connection("127.0.0.1", port)\nasyncio.run(go())',
        "ssss",
        "uvloop",
    ),
    Attack(
        "uvloop, past its name: connect",
        "import asyncio, uvloop.loop\nl = uvloop.loop.Loop()\n"
        'l.run_until_complete(l.create_connection(asyncio.Protocol, "127.0.0.1", port))',
        "tsss",
        "uvloop",
    ),
    Attack(
        "uvloop, past its name: a process",
        "import asyncio, uvloop.loop\nclass L(uvloop.loop.Loop, asyncio.AbstractEventLoop): pass\nl = L(); asyncio.set_event_loop(l)\n"
        'l.run_until_complete(l.subprocess_exec(asyncio.SubprocessProtocol, "/bin/sh", "-c", "sleep 60; : " + token))',
        "tsss",
        "uvloop",
    ),
    Attack(
        "libpq over a Unix socket",
        'import psycopg; psycopg.connect(host=outside, dbname="shop")',
        "tsss",
        "psycopg",
    ),
    Attack(
        "libpq over loopback",
        'import psycopg; psycopg.connect(host="127.0.0.1", port=port, dbname="shop")',
        "tsss",
        "psycopg",
    ),
    # the box itself
    Attack("unshare, mount", _LIBC + "assert libc.unshare(0x10020000) == 0", "rsss"),
    Attack(
        "write into the kernel's settings", 'open("/proc/sys/kernel/core_pattern", "r+")', "rssr"
    ),
    Attack("write the interpreter by /proc/self/exe", 'open("/proc/self/exe", "r+b")', "rssr"),
    Attack(
        "find the real root by /proc/1/root",
        'import os; assert "project" in os.listdir("/proc/1/root" + outside + "/..") and 0',
        "ssss",
    ),
]
