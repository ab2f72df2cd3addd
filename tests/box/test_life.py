"""How the box starts, ends and looks from within."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from interpreters import everybody
from world import AGENT, DRIVER, NOBODY, World, processes, world

LIVING = ("kernel", "degraded")


def _gone(token: str) -> bool:
    deadline = time.monotonic() + 30
    while processes(token):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def made(tmp_path: Path):
    with world(tmp_path) as made:
        yield made


@pytest.mark.parametrize("mode", LIVING)
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import os; os._exit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("import os; os.abort()", -signal.SIGABRT),
        ("import ctypes; ctypes.string_at(0)", -signal.SIGSEGV),
        ("pass", 0),
    ],
)
def test_the_end_is_passed_on(made: World, mode: str, code: str, expected: int) -> None:
    assert made.run(mode, code).code == expected


@pytest.mark.parametrize("mode", LIVING)
def test_everything_ends_with_the_outer_half(made: World, mode: str) -> None:
    order = made.order(mode, "import time; time.sleep(60)", sys.executable)
    with made.start(order, sys.executable) as child:
        child.stdout.readline()
        child.kill()
    assert _gone(made.token)


@pytest.mark.parametrize("mode", LIVING)
def test_everything_ends_with_the_scanner(made: World, mode: str) -> None:
    order = json.dumps(made.order(mode, "import time; time.sleep(60)", sys.executable))
    code = "import subprocess, sys; subprocess.Popen(sys.argv[1:]); sys.stdin.read()"
    command = [sys.executable, "-c", code, sys.executable, str(DRIVER), order, made.token]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as scanner:
        scanner.stdout.readline()
        scanner.kill()
    assert _gone(made.token)


@pytest.mark.parametrize("mode", LIVING)
def test_a_thread_may_start_it_and_end(made: World, mode: str) -> None:
    """PR_SET_PDEATHSIG would kill the child here: it watches the thread, not the process."""
    started = []
    order = made.order(mode, "import time; time.sleep(60)", sys.executable)
    thread = threading.Thread(target=lambda: started.append(made.start(order, sys.executable)))
    thread.start()
    thread.join()
    with started[0] as child:
        child.stdout.readline()
        time.sleep(0.3)
        assert child.poll() is None
        child.kill()
    assert _gone(made.token)


def test_a_passed_descriptor_works_and_closes_with_the_application(made: World) -> None:
    ours, theirs = os.pipe()
    code = f"import os; os.write({theirs}, b'hello'); os.close({theirs})"
    order = json.dumps(made.order("kernel", code, sys.executable))
    command = [sys.executable, str(DRIVER), order, made.token]
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(theirs,)
    )
    os.close(theirs)
    with open(ours, "rb") as stream:
        assert (
            stream.read() == b"hello"
        )  # to the end: no other half holds a copy, though the child still lives
    assert child.poll() is None
    child.communicate()
    assert child.returncode == 0


def test_scratch_is_the_only_way_out(made: World) -> None:
    outcome = made.run(
        "kernel", "open(scratch + '/kept', 'w').write('x'); open('/root/lost', 'w').write('x')"
    )
    assert outcome.word == "redirected", outcome.last
    assert (made.scratch / "kept").read_text() == "x"
    assert not Path("/root/lost").exists()
    assert sorted(path.name for path in made.scratch.iterdir()) == ["kept"]


def test_what_is_seen(made: World) -> None:
    code = (
        "import os, socket\n"
        "value = {'tmp': os.listdir('/tmp'), 'run': os.listdir('/run'), 'here': os.getcwd(), 'dev': sorted(os.listdir('/dev')),\n"
        " 'null': open('/dev/null', 'w').write('x'), 'random': len(open('/dev/urandom', 'rb').read(8)),\n"
        " 'pids': [n for n in os.listdir('/proc') if n.isdigit()], 'links': socket.if_nameindex(),\n"
        " 'caps': [l.split()[1] for l in open('/proc/self/status') if l.startswith('CapEff')], 'fds': os.listdir('/proc/1/task')}"
    )
    value = made.run("kernel", code).last["value"]
    assert len(value["tmp"]) <= 2
    assert value["run"] == []
    assert value["here"] == str(made.project)
    assert (value["null"], value["random"]) == (1, 8)
    assert set(value["dev"]) <= {
        "null",
        "zero",
        "full",
        "random",
        "urandom",
        "tty",
        "shm",
        "fd",
        "stdin",
        "stdout",
        "stderr",
    }
    assert sorted(value["pids"]) == ["1", "2"]
    assert value["links"] == [[1, "lo"]]
    assert int(value["caps"][0], 16) in (0, 0x1F)


def test_its_own_loopback_and_sockets_work(made: World) -> None:
    code = (
        "import asyncio, socket\n"
        "async def go():\n"
        "    async def answer(reader, writer): writer.write(b'hello'); writer.close()\n"
        "    server = await asyncio.start_server(answer, '127.0.0.1', 0)\n"
        "    reader, _ = await asyncio.open_connection(*server.sockets[0].getsockname())\n"
        "    unix = await asyncio.start_unix_server(answer, '/tmp/own.sock')\n"
        "    other, _ = await asyncio.open_unix_connection('/tmp/own.sock')\n"
        "    return [(await r.read()).decode() for r in (reader, other)]\n"
        "value = asyncio.run(go())"
    )
    assert made.run("both", code).last["value"] == ["hello", "hello"]


def test_a_refused_loopback_is_told(made: World) -> None:
    outcome = made.run("both", "import socket; socket.create_connection(('127.0.0.1', port))")
    assert [found["what"] for found in outcome.last["refused"]] == ["connection"]
    assert "Buckler" in outcome.last["error"]
    assert "--allow 127.0.0.1:" in outcome.last["error"]


@pytest.mark.parametrize("mode", ["kernel", "both", "degraded"])
def test_processes_when_allowed(made: World, mode: str) -> None:
    code = "import subprocess; value = subprocess.check_output(['/bin/echo', 'hi'], text=True)"
    outcome = made.run(mode, code, processes=True)
    assert outcome.last["value"] == "hi\n", outcome.last


def test_a_daemon_ends_with_the_box(made: World) -> None:
    code = "import os, subprocess\nsubprocess.Popen(['/bin/sh', '-c', 'sleep 60; : ' + token], start_new_session=True)\nos._exit(3)"
    order = made.order("kernel", code, sys.executable, processes=True)
    with made.start(order, sys.executable) as child:
        assert child.wait(60) == 3
    assert _gone(made.token)


@pytest.mark.parametrize("name", ["a,b", "a:b", "a\\b", "a b", "a'b\"c", "ünï"])
def test_odd_names(tmp_path: Path, name: str) -> None:
    with world(tmp_path / name) as made:
        outcome = made.run(
            "kernel",
            "open('data/deep/keep.txt', 'w').write('x'); value = open('data/deep/keep.txt').read()",
        )
    assert outcome.first["walls"]["mounts"], outcome.first
    assert (outcome.word, outcome.last["value"]) == ("redirected", "x")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (425, 38),
        (435, 38),
        (101, 1),
        (165, 1),
        (272, 1),
        (308, 1),
        (321, 1),
        (250, 1),
        (323, 1),
        (304, 1),
        (310, 1),
        (438, 1),
    ],
)
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86_64")
def test_refused_system_calls(made: World, call: int, error: int) -> None:
    code = f"import ctypes; libc = ctypes.CDLL(None, use_errno=True); value = [libc.syscall({call}, 0, 0, 0, 0, 0), ctypes.get_errno()]"
    assert made.run("kernel", code).last["value"] == [-1, error]


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="x32 is x86_64's")
def test_x32_is_refused(made: World) -> None:
    code = "import ctypes; libc = ctypes.CDLL(None, use_errno=True); value = [libc.syscall(0x40000000 + 39), ctypes.get_errno()]"
    assert made.run("kernel", code).last["value"] == [-1, 1]


def test_each_wall_stands_alone(made: World) -> None:
    for walls in (
        ["mounts"],
        ["network"],
        ["pid"],
        ["seccomp"],
        ["files"],
        ["mounts", "seccomp"],
        ["network", "pid"],
    ):
        outcome = made.run("kernel", "value = 1", walls=walls)
        assert outcome.last["value"] == 1, (walls, outcome)
        assert sorted(wall for wall, stands in outcome.first["walls"].items() if stands) == sorted(
            walls
        ), outcome.first


@pytest.mark.skipif(not everybody(), reason="only root can become an ordinary user")
def test_an_ordinary_user_below_a_folder_of_root() -> None:
    """Copying a folder of root up fails in a user namespace of one id; the box makes such folders ready."""
    code = "open('data/new', 'w').write('x'); value = open('data/new').read()"
    # Not below /tmp: there the project would be a mount of its own, and no folder above it is copied.
    with tempfile.TemporaryDirectory(dir="/srv") as folder:
        os.chmod(folder, 0o755)
        with world(Path(folder) / "deep", NOBODY) as made:
            outcome = made.run("kernel", code, everybody())
    assert outcome.word == "redirected", (outcome.last, outcome.first)
    assert outcome.last["value"] == "x"


def test_a_reason_is_given_without_namespaces(made: World) -> None:
    """A user namespace with none allowed below it, as a container has."""
    order = json.dumps(made.order("both", "value = 1", sys.executable))
    limit = (
        "echo 0 > /proc/sys/user/max_user_namespaces; echo 0 > /proc/sys/user/max_mnt_namespaces; "
    )
    limit += (
        'for n in net pid ipc uts; do echo 0 > /proc/sys/user/max_${n}_namespaces; done; exec "$@"'
    )
    command = [
        "unshare",
        "-Ur",
        "sh",
        "-c",
        limit,
        "sh",
        sys.executable,
        str(DRIVER),
        order,
        made.token,
    ]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=60)
    first, last = map(json.loads, done.stdout.splitlines())
    assert first["walls"] == {
        "mounts": False,
        "network": False,
        "pid": False,
        "seccomp": True,
        "files": True,
    }, done.stderr
    assert "max_" in first["why"]["mounts"]
    assert last["value"] == 1


def test_nothing_but_the_standard_library() -> None:
    code = (
        "import sys, types\n"
        f"p = types.ModuleType('_buckler_agent'); p.__path__ = [{str(AGENT)!r}]; sys.modules['_buckler_agent'] = p\n"
        "import _buckler_agent.box.hooks, _buckler_agent.box.kernel, _buckler_agent.box.mounts, _buckler_agent.box.seccomp\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('asyncio', 'buckler', 'pathlib', 'logging', 'sqlite3')])"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
