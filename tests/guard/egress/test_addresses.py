"""Every form of an address that leads inside, and those that must go on working.

Sources: the IANA special-purpose registries (the first and the last address of each entry), WHATWG URL (host
parsing), RFC 6052, RFC 4380, RFC 3056, RFC 6874.
"""

from __future__ import annotations

import ast
import queue
import sys
import threading
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import httpx
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.guard import GuardError
from buckler.guard.audit.events import EventKind, SecurityEvent
from buckler.guard.egress import (
    AddressRefused,
    EgressPolicy,
    EgressRefused,
    TooSlow,
    UrlRefused,
    for_httpx,
    for_httpx2,
    resolver,
)
from buckler.guard.egress.for_httpx2 import safe_client
from buckler.guard.egress.ranges import refused

INSIDE = """
0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1 127.255.255.255
169.254.0.0 169.254.169.254 169.254.170.2 169.254.255.255 172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.8
192.0.0.170 192.0.0.192 192.0.0.255 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.0
192.168.255.255 192.175.48.1 198.18.0.0 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255
240.0.0.0 255.255.255.254 255.255.255.255 100.100.100.200 168.63.129.16
:: ::1 ::2 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:169.254.169.254 ::ffff:8.8.8.8
::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::169.254.169.254 64:ff9b:1::a00:1 100::1 100:0:0:1::1
2001::1 2001:0:7f00:1::1 2001:1::1 2001:2::1 2001:3::1 2001:4:112::1 2001:10::1 2001:1f:ffff::1 2001:20::1
2001:2f:ffff::1 2001:30::1 2001:1ff:ffff::1 2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe::1 2620:4f:8000::1
3ffe::1 3fff::1 3fff:fff:ffff::1 4000::1 5f00::1 8000::1 fc00::1 fd00:ec2::254 fd12:3456::1 fdff:ffff::1
fe80::1 febf::1 fec0::1 feff::1 ff02::1 ff0e::1 200::1 2606:4700::5efe:7f00:1
""".split()
PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255
169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255
198.20.0.0 223.255.255.255 2606:4700::1111 2a00:1450::1 2001:4860:4860::8888 2001:200::1 2003::1
2620:4f:8001::1 3fff:1000::1 2400:cb00::1
""".split()
ODD = [
    "0x7f.1",
    "0x7f000001",
    "0X7F.0X0.0X0.0X1",
    "0177.1",
    "0177.0.0.01",
    "127.1",
    "127.0.1",
    "2130706433",
    "017700000001",
    "0",
    "0x",
    "00.0.0.0",
    "127.0.0.1.",
    "127.0.0.01",
    "1.1.1.1.1",
    "256.1.1.1",
    "127.0.0.0x1",
    "foo.0x7f",
    "８.８.８.８",
    "１２７.０.０.１",
    "169。254。169。254",
    "127．0．0．1",
    "127｡0｡0｡1",
    "①②⑦.⓪.⓪.①",
    "①②⑦.0.0.1",
    "[::1",
    "::1]",
    "[::1]x",
    "[fe80::1%25eth0]",
    "fe80::1%eth0",
    "[::ffff:127.0.0.1%1]",
    "[2606:4700::1111%1]",
    "2606:4700::1111%eth0",
    "[2606:4700::1111%25lo]",
    "[1::2::3]",
    "[127.0.0.1]",
    "",
    ".",
    "..",
    ".example.com",
    "a..b.example",
    "127.0.0.1%00.example.com",
    "%31%32%37.0.0.1",
    "127.0.0.1#.example.com",
    "example.com@127.0.0.1",
    "127.0.0.1:80@example.com",
    "exa mple.com",
    "example.com\t",
    "example.com\n",
    "example\x00.com",
    "exam\u200bple.0",
    "-example.com",
    "a" * 64 + ".example.com",
    ".".join(["a" * 60] * 5),
    "xn--a.example\u2024com",
]
NAMES = [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "localhost.localdomain",
    "ｌocalhost",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "metadata",
    "metadata.google.internal",
    "db",
    "printer.local",
    "router.home.arpa",
    "kubernetes.default.svc.cluster.local",
    "vault.corp",
    "hidden.onion",
]


def bracketed(text: str) -> str:
    return f"[{text}]" if ":" in text else text


def resolves(address: str) -> EgressPolicy:
    return EgressPolicy(resolver=lambda host, port: [address])


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_that_are_not_public_are_refused_as_literals_and_behind_names(
    address: str,
) -> None:
    with pytest.raises(AddressRefused):
        EgressPolicy().check("http", bracketed(address), None)
    with pytest.raises(AddressRefused):
        resolves(address).addresses("public.example", 80, 1)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_beside_them_are_not(address: str) -> None:
    EgressPolicy().check("https", bracketed(address), 443)
    assert resolves(address).addresses("public.example", 443, 1) == [str(ip_address(address))]


@pytest.mark.parametrize("host", ODD)
def test_hosts_in_unusual_forms_are_refused(host: str) -> None:
    with pytest.raises(EgressRefused):
        EgressPolicy(resolver=lambda host, port: ["8.8.8.8"]).check("http", host, None)


@pytest.mark.parametrize("host", NAMES)
def test_names_of_the_own_network_are_refused_before_they_are_resolved(host: str) -> None:
    asked: list[str] = []

    def resolver(name: str, port: int) -> list[str]:
        asked.append(name)
        return ["8.8.8.8"]

    with pytest.raises(AddressRefused):
        EgressPolicy(resolver=resolver).addresses(host, 80, 1)
    assert asked == []


@pytest.mark.parametrize(
    "host",
    [
        "Example.COM",
        "example.com.",
        "bücher.example",
        "xn--bcher-kva.example",
        "a_b.example.com",
        "3com.example",
        "0x7f.example",
    ],
)
def test_ordinary_names_are_not(host: str) -> None:
    assert resolves("8.8.8.8").addresses(host, 443, 1) == ["8.8.8.8"]


URLS = [
    "http://0x7f.1/",
    "http://0177.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fec0::1]/",
    "http://[::127.0.0.1]/",
    "http://169。254。169。254/",
    "http://①②⑦.0.0.1/",
    "http://127.0.0.1./",
    "http://[fe80::1%25eth0]/",
    "http://localhost/",
    "http://0/",
    "http:///x",
    "http://public.example@127.0.0.1/",
    "http://127.0.0.1@public.example/",
    "http://u:p@public.example/",
    "http://public.example:0/",
    "http://public.example:22/",
    "http://public.example:25/",
    "http://public.example:6379/",
    "http://public.example:65536/",
    "http://public.example\\@127.0.0.1/",
    "http://127.0.0.1\\@public.example/",
    "ftp://public.example/",
    "file:///etc/passwd",
    "gopher://public.example:80/",
    "ws://public.example/",
    "http+unix://public.example/",
    "//127.0.0.1/",
    "127.0.0.1",
]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("library", ["httpx2", "httpx"])
def test_neither_client_connects_for_such_an_address(
    url: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: object, **named: object) -> None:
        raise AssertionError(f"connected to {args}")

    monkeypatch.setattr("socket.create_connection", never)
    policy = resolves("8.8.8.8")
    errors = (
        EgressRefused,
        httpx2.InvalidURL,
        httpx2.UnsupportedProtocol,
        httpx.InvalidURL,
        httpx.UnsupportedProtocol,
    )
    made = safe_client(policy) if library == "httpx2" else for_httpx.safe_client(policy)
    with made as client, pytest.raises(errors):
        client.get(url)


def test_one_inside_address_among_several_refuses_all() -> None:
    policy = EgressPolicy(resolver=lambda host, port: ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(AddressRefused):
        policy.addresses("public.example", 80, 1)


def test_a_name_that_does_not_exist_and_one_that_is_inside_look_alike() -> None:
    def nobody(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(AddressRefused) as unknown:
        EgressPolicy(resolver=nobody).addresses("a.example.com", 80, 1)
    with pytest.raises(AddressRefused) as inside:
        resolves("10.0.0.1").addresses("a.example.com", 80, 1)
    assert (str(unknown.value), unknown.value.code) == (str(inside.value), inside.value.code)
    assert "10.0" not in str(inside.value)


def test_allowed_networks_open_what_they_name_but_not_metadata_services() -> None:
    policy = EgressPolicy(allow_networks=["10.1.0.0/16", "169.254.0.0/16", "fd00::/8"])
    policy.check("http", "10.1.2.3", 80)
    policy.check("http", "[fd12::1]", 80)
    for address in ("10.2.0.1", "169.254.169.254", "[fd00:ec2::254]", "[::ffff:10.1.2.3]"):
        with pytest.raises(AddressRefused):
            policy.check("http", address, 80)
    EgressPolicy(allow_networks=["169.254.169.254/32"]).check("http", "169.254.169.254", 80)


def test_a_translator_that_is_allowed_reaches_public_addresses_only() -> None:
    policy = EgressPolicy(allow_networks=["64:ff9b::/96"])
    policy.check("http", "[64:ff9b::8.8.8.8]", 80)
    with pytest.raises(AddressRefused):
        policy.check("http", "[64:ff9b::10.0.0.1]", 80)


def test_a_list_of_hosts_is_the_whole_of_what_may_be_called() -> None:
    policy = EgressPolicy(
        allow_hosts=["api.example.com", "*.cdn.example", "db"], resolver=lambda h, p: ["8.8.8.8"]
    )
    for host in ("api.example.com", "API.example.com.", "a.cdn.example", "a.b.cdn.example", "db"):
        assert policy.addresses(host, 443, 1) == ["8.8.8.8"]
    for host in (
        "example.com",
        "cdn.example",
        "evilcdn.example",
        "api.example.com.evil.example",
        "8.8.8.8",
    ):
        with pytest.raises(AddressRefused):
            policy.addresses(host, 443, 1)
    with pytest.raises(AddressRefused):
        EgressPolicy(allow_hosts=["db.example"], resolver=lambda h, p: ["10.0.0.1"]).addresses(
            "db.example", 443, 1
        )


def test_names_that_hang_do_not_fill_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "_ROOM", threading.BoundedSemaphore(2))
    release = threading.Event()
    started: queue.Queue[str] = queue.Queue()

    def hangs(host: str, port: int) -> list[str]:
        started.put(host)
        release.wait(60)
        return ["8.8.8.8"]

    policy = EgressPolicy(resolver=hangs)
    for number in range(4):
        with pytest.raises(TooSlow):
            policy.addresses(f"{number}.example.com", 80, 0.05)
    # A thread may be later than whoever waited for it.
    assert {started.get(timeout=30) for _ in range(2)} == {"0.example.com", "1.example.com"}
    release.set()
    assert policy.addresses("later.example.com", 80, 30) == ["8.8.8.8"]
    assert [started.get(timeout=30), started.qsize()] == ["later.example.com", 0]


def test_refusals_are_told() -> None:
    told: list[SecurityEvent] = []
    with pytest.raises(UrlRefused):
        EgressPolicy(events=told.append).check("http", "example.com", 22)
    with pytest.raises(AddressRefused):
        EgressPolicy(events=told.append).check("http", "10.0.0.1", 80)
    assert [(e.kind, e.reason) for e in told] == [
        (EventKind.EGRESS_REFUSED, "port"),
        (EventKind.EGRESS_REFUSED, "private"),
    ]
    assert told[1].detail["range"] == "RFC 1918"


@pytest.mark.parametrize(
    "options",
    [
        {"allow_hosts": "example.com"},
        {"allow_hosts": ["http://example.com"]},
        {"allow_hosts": ["0x7f.1"]},
        {"allow_networks": ["10.0.0.1/8"]},
        {"ports": [0]},
        {"ports": [70000]},
        {"ports": []},
        {"schemes": ["file"]},
        {"schemes": []},
        {"timeout": 0},
        {"max_bytes": -1},
        {"max_redirects": -1},
    ],
)
def test_wrong_options_are_told_when_the_policy_is_made(options: dict[str, object]) -> None:
    with pytest.raises(GuardError):
        EgressPolicy(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["proxy", "mounts", "trust_env", "verify", "transport"])
def test_options_of_the_client_that_go_around_are_refused(name: str) -> None:
    with pytest.raises(GuardError):
        safe_client(**{name: None})


@given(st.integers(0, 2**32 - 1))
def test_no_address_that_python_calls_private_is_public(number: int) -> None:
    address = IPv4Address(number)
    assert refused(address) is not None or (address.is_global and not address.is_multicast)


@given(st.integers(0, 2**128 - 1) | st.integers(0, 2**125 - 1).map(lambda n: n + (1 << 125)))
def test_nor_of_version_6(number: int) -> None:
    address = IPv6Address(number)
    assert refused(address) is not None or (address.is_global and not address.is_multicast)


@given(st.text(max_size=40) | st.from_regex(r"[0-9a-fx.:%\[\]]{1,30}", fullmatch=True))
def test_any_text_is_judged_or_refused_and_nothing_else(host: str) -> None:
    told: list[SecurityEvent] = []
    with suppress(EgressRefused):
        EgressPolicy(events=told.append).check("http", host, 80)
        assert not told


def test_the_package_asks_for_no_client_until_one_is_wanted() -> None:
    import subprocess

    code = "import sys, buckler.guard, buckler.guard.egress; sys.exit(any(m in sys.modules for m in ('httpx', 'httpx2', 'fastapi', 'pydantic', 'anyio')))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_two_clients_are_made_alike() -> None:
    texts = [Path(str(m.__file__)).read_text(encoding="utf-8") for m in (for_httpx2, for_httpx)]
    texts[0] = texts[0].replace("httpcore2", "httpcore").replace("httpx2", "httpx")
    assert ast.dump(ast.parse(texts[0])) == ast.dump(ast.parse(texts[1]))
