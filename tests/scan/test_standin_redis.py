"""The stand-in for Redis answers as Redis does, to the real driver, and to bytes that no driver sends."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from buckler.scan.engines.app.servers.redis import Redis
from buckler.scan.engines.app.servers.standin.redis_arguments import glob
from buckler.scan.engines.app.servers.standin.redis_replies import encode
from buckler.scan.engines.app.servers.standin.redis_store import Store
from tests.conftest import needs_server, run_apart

CODE = """
from pathlib import Path
from buckler.scan.engines.app.servers.standin.redis import serve
serve(Path({path!r}))
"""


def started(path: Path) -> subprocess.Popen[bytes]:
    """A stand-in in a process of its own, once it answers."""
    process = subprocess.Popen([sys.executable, "-c", CODE.format(path=str(path))])
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
                return process
        except OSError:
            time.sleep(0.02)
    process.kill()
    raise TimeoutError("the stand-in does not listen")


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("redis") / "redis.sock"
    process = started(path)
    yield path
    ended = process.poll()
    process.kill()
    process.wait()
    assert ended is None


@pytest.fixture
def real(place: Path) -> Iterator[Path]:
    needs_server("redis")
    folder = place / "redis"
    folder.mkdir()
    folder.chmod(0o777)
    server = Redis(folder)
    yield server.start().socket
    server.stop()


SCRIPT = [
    line.split()
    for line in """
    SET a 1|GET a|SET a 2 NX|SET a 2 XX GET|SET a x EX 0|SET a x EX 10 PX 10|SET a x FOO|GET nothing
    SET s v EX 100|TTL s|SET s w KEEPTTL|TTL s|SET s w|TTL s|PTTL s|TTL nothing|SET z q XX|SET a 5 GET NX
    SETEX e 50 v|TTL e|SETEX e 0 v|SETEX e -1 v|SETEX e x v|PSETEX e 50000 v|TTL e|SETNX e w|SETNX f w
    GETSET f g|GETDEL f|GETDEL f|GETEX e PERSIST|TTL e|GETEX e EX 10|TTL e|GETEX e FOO|GETEX nothing EX 3
    MSET k1 v1 k2 v2|MGET k1 k2 k3|MSET k1|MSETNX k1 a k9 b|MSETNX k8 a k9 b|MGET k8 k9
    INCR n|INCRBY n 10|DECR n|DECRBY n 3|GET n|INCR k1|INCRBY n x|INCRBY n 9223372036854775807|GET n
    INCRBYFLOAT n 0.5|INCRBYFLOAT n -2.25|INCRBYFLOAT k1 1|INCRBYFLOAT pi 3.10|APPEND ap hello|APPEND ap you
    STRLEN ap|GETRANGE ap 1 3|GETRANGE ap -3 -1|GETRANGE ap 5 2|SETRANGE ap 6 you|GET ap|SETRANGE ap -1 x
    SETBIT bits 7 1|GETBIT bits 7|GETBIT bits 8|BITCOUNT bits|GET bits|SETBIT bits x 1|SETBIT bits 1 2
    DEL a s nothing|EXISTS e e nothing|UNLINK k1|TYPE e|TYPE nothing|EXPIRE e 10 NX|EXPIRE e 100 GT|TTL e
    EXPIRE e 10 GT|EXPIRE e 10 LT|TTL e|EXPIRE e 10 NX XX|EXPIRE e 10 FOO|EXPIRE nothing 10|PERSIST e|PERSIST e
    EXPIRE e 10 XX|EXPIRE e x|EXPIRE e -1|EXISTS e|EXPIREAT k2 4000000000|EXPIRETIME k2|PEXPIRE k2 90000|TTL k2
    RENAME k2 k3|RENAME nothing x|TTL k3|RENAMENX k3 n|RENAMENX k3 k4|COPY k4 k5|COPY k4 k5|COPY k4 k5 REPLACE
    COPY k4 k4|COPY k4 k4 DB 3|SELECT 3|DBSIZE|SELECT 0|SELECT 4096|SELECT x|MOVE k5 4|MOVE k5 4|DBSIZE
    HSET h f 1 g 2|HSET h f 3|HSET h f|HGET h f|HGET h x|HMGET h f x|HGETALL h|HGETALL nothing|HKEYS h|HVALS h
    HLEN h|HEXISTS h f|HEXISTS h x|HDEL h x g|HINCRBY h f 4|HINCRBY h f x|HSET h t text|HINCRBY h t 1|HSETNX h f 2
    HINCRBYFLOAT h f 0.5|HINCRBYFLOAT h t 1|HSTRLEN h t|HMSET h a b|HSCAN h 0|HSCAN h 0 MATCH t*|HSCAN h x|GET h
    LPUSH l a b c|RPUSH l d|LPUSHX nothing x|LLEN l|LRANGE l 0 -1|LRANGE l -2 -1|LRANGE l 5 9|LINDEX l 0|LINDEX l 9
    LSET l 0 z|LSET l 9 z|LSET nothing 0 z|LINSERT l BEFORE a x|LINSERT l AFTER nope x|LINSERT l FOO a x|LREM l 0 a
    LPOP l|RPOP l 2|LRANGE l 0 -1|LPOP nothing|LPOP nothing 2|LPOP l 0|LPOP l -1|RPUSH q 1 2 3 2 1|LPOS q 2
    LPOS q 2 COUNT 0|LPOS q 2 RANK -1|LPOS q 9|LPOS q 9 COUNT 0|LREM q -1 1|LRANGE q 0 -1|LTRIM q 1 2|LRANGE q 0 -1
    RPOPLPUSH q r|LMOVE r q LEFT RIGHT|LMOVE r q LEFT|LRANGE q 0 -1|EXISTS r|BLPOP nothing q 1|BRPOP q 1|EXISTS q
    SADD t a b c|SADD t a|SADD t|SREM t a x|SISMEMBER t b|SMISMEMBER t a b|SCARD t|SADD u b x|SINTER t u|SDIFF t u
    SUNION t u|SINTERSTORE v t u|SMEMBERS v|SDIFFSTORE v v v|EXISTS v|SMOVE t u c|SMEMBERS u|SMOVE t u nope
    SSCAN u 0 MATCH x|SPOP t|EXISTS t|SPOP t|SPOP t 3|SRANDMEMBER t|SRANDMEMBER t 2|SADD l x|SMEMBERS l
    ZADD zs 1 a 2 b 3 c|ZADD zs CH 5 a 2 b|ZADD zs NX 9 a|ZADD zs XX 9 nope|ZADD zs GT 1 a|ZADD zs GT CH 9 a
    ZADD zs NX XX 1 a|ZADD zs INCR 2 a|ZADD zs NX INCR 2 a|ZADD zs x a|ZADD zs 1|ZADD zs NX GT 1 a|ZADD zs inf i
    ZSCORE zs a|ZSCORE zs nope|ZMSCORE zs a nope|ZCARD zs|ZCOUNT zs -inf 3|ZCOUNT zs (2 3|ZCOUNT zs x 3
    ZINCRBY zs 1.5 b|ZRANK zs b|ZREVRANK zs b|ZRANK zs nope|ZRANGE zs 0 -1|ZRANGE zs 0 -1 WITHSCORES
    ZRANGE zs 0 1 REV|ZRANGE zs (3 +inf BYSCORE|ZRANGE zs +inf (3 BYSCORE REV LIMIT 0 1|ZRANGE zs 0 1 LIMIT 0 1
    ZRANGE zs x 1|ZREVRANGE zs 0 0 WITHSCORES|ZRANGEBYSCORE zs 0 5 WITHSCORES|ZRANGEBYSCORE zs 0 inf LIMIT 1 2
    ZREVRANGEBYSCORE zs inf 3|ZRANGEBYSCORE zs 0 5 FOO|ZREMRANGEBYSCORE zs -inf (3.5|ZREMRANGEBYRANK zs 0 0
    ZSCAN zs 0|ZREM zs i nope|ZPOPMIN zs|ZPOPMIN zs|ZPOPMAX nothing 2|ZADD za 0 a 0 b 0 c|ZRANGE za [b + BYLEX
    ZRANGEBYLEX za - (c|ZLEXCOUNT za [a [b|ZRANGEBYLEX za a b|ZREMRANGEBYLEX za [a [a|ZPOPMAX za 1|ZPOPMIN za 5
    ZADD zb 1 a 2 b|ZADD zc 10 b 20 c|ZUNIONSTORE zd 2 zb zc|ZRANGE zd 0 -1 WITHSCORES|ZINTERSTORE zd 2 zb zc WEIGHTS 2 1
    ZRANGE zd 0 -1 WITHSCORES|ZUNIONSTORE zd 2 zb zc AGGREGATE MAX|ZRANGE zd 0 -1 WITHSCORES|ZUNIONSTORE zd 0 zb
    BZPOPMIN nothing zb 1|ZRANGESTORE ze zc 0 0|ZRANGE ze 0 -1|ZUNIONSTORE zd 2 zb zc FOO
    XADD x 1-1 f v|XADD x 1-1 f v|XADD x 0-0 f v|XADD x 2-* f w|XADD x 3 f|XLEN x|XRANGE x - +|XRANGE x (1-1 +
    XREVRANGE x + - COUNT 1|XREAD COUNT 5 STREAMS x 1-1|XREAD STREAMS x $|XREAD STREAMS x|XDEL x 1-1 9-9|XLEN x
    XADD x MAXLEN 1 9-1 a b|XRANGE x - +|XADD y NOMKSTREAM * a b|XTRIM x MAXLEN 0|EXISTS x|XADD x foo a b|TYPE x
    MULTI|SET m 1|INCR m|LPUSH m x|EXEC|EXEC|MULTI|MULTI|DISCARD|DISCARD|MULTI|FOO|SET m 3|EXEC|GET m|MULTI|GET|EXEC
    WATCH m|SET m 9|MULTI|GET m|EXEC|WATCH m|MULTI|GET m|EXEC|WATCH m|UNWATCH|SET m 7|MULTI|GET m|EXEC
    MULTI|BLPOP nothing 0|EXEC|PING|PING hello|ECHO hi|ECHO|FOO a b|GET|SCRIPT EXISTS abc|EVALSHA abc 0|SCRIPT LOAD x
    CLIENT SETNAME me|CLIENT GETNAME|CLIENT FOO|CONFIG GET databases|CONFIG SET dir /|REPLICAOF a 1|SAVE|MODULE LOAD x
    SUBSCRIBE ch|PING|GET m|UNSUBSCRIBE ch|GET m|PUBLISH ch x|PUBSUB CHANNELS|PUBSUB NUMSUB ch|OBJECT ENCODING nothing
    KEYS k?|KEYS k[45]|KEYS [^a-z]*|KEYS nothing*|SCAN 0 MATCH k4 COUNT 1000|TYPE l|TYPE zc|TYPE u|TYPE h|LASTSAVE x
    """.strip()
    .replace("\n", "|")
    .split("|")
    if line.split()
]
UNORDERED = {"HGETALL", "HKEYS", "HVALS", "SMEMBERS", "SUNION", "SINTER", "SDIFF", "KEYS", "HSCAN"}
DIFFERS = {("SCRIPT", "LOAD"), ("CONFIG", "SET")}


def answers(path: Path, protocol: int) -> list[object]:
    """What every line of the script is answered with, as RESP, by a small reader of the test's own."""
    seen: list[object] = []
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(str(path))
        stream = client.makefile("rb")
        for words in [["HELLO", str(protocol)], ["FLUSHALL"], *SCRIPT]:
            parts = b"".join(b"$%d\r\n%b\r\n" % (len(w), w.encode()) for w in words)
            client.sendall(b"*%d\r\n%b" % (len(words), parts))
            reply = read(stream)
            if words[0] in UNORDERED:
                reply = sorted(map(repr, reply)) if isinstance(reply, list) else reply
            if words[0] == "TTL" and reply[1].isdigit():  # type: ignore[index]
                reply = f"less than ten seconds below {-(-int(reply[1]) // 10) * 10}"  # type: ignore[index]
            seen.append((words, reply))
    return seen[1:]


def read(stream: Any) -> object:
    line = stream.readline()
    mark, rest = line[:1], line[1:-2]
    if mark in b"+-:,#_":
        return (mark, rest)
    count = int(rest)
    if mark in b"$=":
        return None if count < 0 else stream.read(count + 2)[:-2]
    if mark == b"%":
        return {repr(read(stream)): read(stream) for _ in range(count)}
    return (mark, None) if count < 0 else [mark, *(read(stream) for _ in range(count))]


@pytest.mark.parametrize("protocol", [2, 3])
def test_it_answers_as_the_real_one_does(standin: Path, real: Path, protocol: int) -> None:
    ours, theirs = answers(standin, protocol), answers(real, protocol)
    different = [
        (one, other)
        for one, other in zip(ours, theirs, strict=True)
        if one != other and tuple(one[0][:2]) not in DIFFERS
    ]
    assert different == []


def test_the_driver_works_blocking_and_in_pipelines(standin: Path) -> None:
    for protocol in (2, 3):
        with redis.Redis(unix_socket_path=str(standin), db=17, protocol=protocol) as store:
            store.flushdb()
            with store.pipeline() as pipe:
                count, fresh = pipe.incr("tries").expire("tries", 60, nx=True).execute()
            assert (count, fresh) == (1, True)
            assert 0 < store.ttl("tries") <= 60
            store.hset("crate", mapping={"a": "1", "b": "2"})
            assert store.hgetall("crate") == {b"a": b"1", b"b": b"2"}
            store.zadd("board", {"ann": 3, "bob": 1.5})
            assert store.zrange("board", 0, -1, withscores=True)[0][0] == b"bob"
            for number in range(300):
                store.set(f"want:{number}", number)
            assert len(set(store.scan_iter("want:*", count=7))) == 300
            assert store.info()["redis_version"]
            with pytest.raises(redis.ResponseError, match="scripts are not run"):
                store.eval("return 1", 0)
            with store.pipeline() as pipe:
                pipe.watch("tries")
                store.set("tries", 5)
                pipe.multi()
                pipe.set("tries", 6)
                with pytest.raises(redis.WatchError):
                    pipe.execute()


def test_the_driver_works_asynchronously_with_messages_and_waiting(standin: Path) -> None:
    async def talk(protocol: int) -> None:
        store = redis.asyncio.Redis(
            unix_socket_path=str(standin), db=18, protocol=protocol, decode_responses=True
        )
        async with store:
            await store.flushdb()
            waiting = asyncio.create_task(store.blpop(["jobs"], timeout=10))
            await asyncio.sleep(0.1)
            await store.rpush("jobs", "mow")
            assert list(await waiting) == ["jobs", "mow"]
            async with store.pubsub() as heard:
                await heard.subscribe("news")
                await heard.psubscribe("n*")
                while (await heard.get_message(timeout=5))["type"] != "psubscribe":
                    pass
                assert await store.publish("news", "rain") == 2
                both = [await heard.get_message(timeout=5) for _ in range(2)]
                assert [one["data"] for one in both] == ["rain", "rain"]
                assert {one["type"] for one in both} == {"message", "pmessage"}
            async with store.pipeline(transaction=True) as pipe:
                assert await pipe.set("a", 1, ex=5).get("a").execute() == [True, "1"]

    for protocol in (2, 3):
        run_apart(talk(protocol))


def test_a_long_pipeline_is_taken_before_its_replies_are_read(standin: Path) -> None:
    with redis.Redis(unix_socket_path=str(standin), db=20, socket_timeout=30) as store:
        store.flushdb()
        with store.pipeline(transaction=False) as pipe:
            for _ in range(50_000):
                pipe.incr("many")
            assert pipe.execute()[-1] == 50_000


END = b"<end>"
PONG = b"+PONG\r\n"


def said(path: Path, *parts: bytes, expected: bytes = END) -> bytes:
    """What comes back for bytes: as long as what is expected, and a moment more for what nobody expects.

    ``<end>`` is where the other side hangs up.
    """
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(str(path))
        got = b""
        try:
            for part in parts:
                client.sendall(part)
            while True:
                if not expected.endswith(END) and len(got) >= len(expected):
                    client.settimeout(0.3)
                more = client.recv(1 << 16)
                if not more:
                    return got + END
                got += more
        except (TimeoutError, ConnectionError):
            return got


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"*99999999999\r\n", b"-ERR Protocol error: invalid multibulk length\r\n<end>"),
        (b"*1\r\n$99999999999\r\n", b"-ERR Protocol error: invalid bulk length\r\n<end>"),
        (b"*1\r\n$-5\r\n", b"-ERR Protocol error: invalid bulk length\r\n<end>"),
        (b"*1\r\n" * 5000, b"-ERR Protocol error: expected '$', got '*'\r\n<end>"),
        (b"*-1\r\nPING\r\n", b"+PONG\r\n"),
        (b"\r\n\r\nPING\r\n", b"+PONG\r\n"),
        (b"SET 'a b' \"\\x41\\n\"\r\nGET 'a b'\r\n", b"+OK\r\n$2\r\nA\n\r\n"),
        (b'GET "a\r\n', b"-ERR Protocol error: unbalanced quotes in request\r\n<end>"),
        (b"QUIT\r\n", b"+OK\r\n<end>"),
        (b"*2\r\n$3\r\nGET\r\n$1000\r\nhalf", b""),
        (b"*1\r\n$4\r\nF\r\nO\r\n", b"-ERR unknown command 'F  O', with args beginning with: \r\n"),
    ],
)
def test_bytes_that_are_no_requests(standin: Path, sent: bytes, expected: bytes) -> None:
    assert said(standin, sent, expected=expected) == expected
    assert said(standin, b"PING\r\n", expected=PONG) == PONG


def test_noise_and_a_line_without_an_end_hurt_nobody(standin: Path) -> None:
    for seed in range(20):
        said(standin, os.urandom(1000 + seed) + b"\r\n", expected=b"")
    assert b"too big inline request" in said(standin, b"a" * 200_000)
    assert said(standin, b"PING\r\n", expected=PONG) == PONG


def test_clients_beyond_the_limit_are_hung_up_on(standin: Path) -> None:
    clients = []
    try:
        for _ in range(700):
            client = socket.socket(socket.AF_UNIX)
            clients.append(client)
            client.connect(str(standin))
        clients[-1].settimeout(10)
        assert b"max number of clients" in clients[-1].recv(100)
    finally:
        for client in clients:
            client.close()
    deadline = time.monotonic() + 60
    while said(standin, b"PING\r\n", expected=PONG) != PONG:
        assert time.monotonic() < deadline


def test_what_does_not_fit_is_refused_and_what_was_removed_makes_room(standin: Path) -> None:
    with redis.Redis(unix_socket_path=str(standin), db=19) as store:
        big = b"x" * (40 * 1024 * 1024)
        for number in range(6):
            store.set(f"big{number}", big)
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            store.set("one more", big)
        store.flushdb()
        assert store.set("big", big)
        with pytest.raises(redis.ResponseError):
            store.setrange("far", 1 << 40, "x")
        store.flushdb()


def test_a_pattern_takes_no_exponential_time() -> None:
    before = time.thread_time()
    assert not glob(b"*a" * 60 + b"*b").fullmatch(b"a" * 5000)
    assert time.thread_time() - before < 2


def test_a_message_of_an_error_stays_one_line() -> None:
    from buckler.scan.engines.app.servers.standin.redis_replies import CommandError

    assert encode(CommandError("ERR a\r\n+OK")) == b"-ERR a  +OK\r\n"


def test_a_reply_of_no_known_form_is_no_reply() -> None:
    with pytest.raises(TypeError):
        encode(Store())
