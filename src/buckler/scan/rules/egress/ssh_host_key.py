"""EGR005: SSH servers that are believed whoever they are."""

from __future__ import annotations

import ast

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.engines.source.flow.objects import External
from buckler.scan.engines.source.flow.values import only
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import argument, last

_BLIND = ("AutoAddPolicy", "WarningPolicy")


class BlindHostKey(Rule):
    """The key of an SSH server is taken as it comes.

    ## What it is
    ``set_missing_host_key_policy(AutoAddPolicy())`` of paramiko, or ``known_hosts=None`` of asyncssh: whoever
    answers at the address is taken for the server.

    ## Why it matters
    Somebody on the way answers in the server's place, gets the password, and every file and command that
    is sent.

    ## How to fix
    ``client.load_system_host_keys()`` and ``RejectPolicy()``, which is paramiko's default; keep the server's key
    in a ``known_hosts`` file that is deployed with the application.

    ## How to check
    Connect with an empty ``known_hosts``: it must fail.

    ## Roll-out
    Collect the keys first with ``ssh-keyscan``, over a network that you trust, and compare their fingerprints.

    ## References
    CWE-295, CWE-322; RFC 4251 section 4.1; OWASP A04:2025; ASVS 5.0 V12.3.2.
    """

    id = "EGR005"
    name = "ssh-host-key-unchecked"
    title = "SSH host key not checked"
    severity = Severity.MEDIUM
    cwe = (295, 322)
    owasp = ("API8:2023", "A02:2021", "A04:2025")
    asvs = ("V12.3.2",)
    calls = "paramiko.SSHClient.set_missing_host_key_policy {paramiko.client,paramiko}.SSHClient.set_missing_host_key_policy asyncssh.{connect,connect_reverse,create_connection} asyncssh.SSHClientConnectionOptions"
    fix = Fix(
        "refuse unknown keys: RejectPolicy(), with the known ones loaded",
        before="client.set_missing_host_key_policy(paramiko.AutoAddPolicy())",
        after="client.load_system_host_keys()\nclient.set_missing_host_key_policy(paramiko.RejectPolicy())",
    )
    bad = (
        Example(
            """
            import paramiko
            from fastapi import FastAPI

            app = FastAPI()


            @app.post("/deploy")
            def deploy() -> str:
                client = paramiko.SSHClient()
                client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
                client.connect("web.firm.example", username="deploy", timeout=5)
                return "done"
            """,
            line=10,
        ),
        Example(
            """
            import asyncssh
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/uptime")
            async def uptime() -> str:
                async with asyncssh.connect("web.firm.example", username="ops", known_hosts=None) as connection:
                    return str((await connection.run("uptime")).stdout)
            """,
            line=9,
        ),
        Example(
            """
            from fastapi import FastAPI

            from remote import Remote

            app = FastAPI()
            remote = Remote("files.firm.example")


            @app.get("/files")
            def files() -> list[str]:
                return remote.listed()
            """,
            files={
                "policies.py": """
                from paramiko import WarningPolicy

                POLICY = WarningPolicy
                """,
                "remote.py": """
                from paramiko.client import SSHClient

                from policies import POLICY


                class Remote:
                    def __init__(self, host: str) -> None:
                        self.host = host

                    def listed(self) -> list[str]:
                        client = SSHClient()
                        client.set_missing_host_key_policy(POLICY)
                        client.connect(self.host)
                        return client.open_sftp().listdir()
                """,
            },
        ),
    )
    good = (
        Example(
            """
            import paramiko
            from fastapi import FastAPI

            app = FastAPI()


            @app.post("/deploy")
            def deploy() -> str:
                client = paramiko.SSHClient()
                client.load_system_host_keys()
                client.set_missing_host_key_policy(paramiko.RejectPolicy())
                client.connect("web.firm.example", username="deploy", timeout=5)
                return "done"
            """,
        ),
        Example(
            """
            import asyncssh
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/uptime")
            async def uptime() -> str:
                async with asyncssh.connect("web.firm.example", known_hosts="keys/known_hosts") as connection:
                    await connection.run("true")
                async with asyncssh.connect("web.firm.example") as connection:
                    return str((await connection.run("uptime")).stdout)
            """,
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            class Client:
                def set_missing_host_key_policy(self, policy: str) -> str:
                    return policy


            @app.get("/policy")
            def policy() -> str:
                return Client().set_missing_host_key_policy("AutoAddPolicy")
            """,
        ),
    )

    def check_call(self, call: Call) -> Verdict | None:
        """A policy that takes any key, or no list of known ones."""
        if call.name.endswith("policy"):
            policy = call.given(0, "policy")
            names = [t.name for t in policy.objs if type(t) is External] if policy else []
            if not any(name.endswith(_BLIND) for name in names):
                return None
        else:
            known = call.given(-1, "known_hosts")
            if known is None or only(known) is not None:
                return None
        return Verdict("Whoever answers at the address is taken for the server.")

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The known keys, and no others."""
        for call in draft.calls_at(finding):
            given = argument(call, "policy", 0)
            written = given.func if isinstance(given, ast.Call) else given
            statement = draft.index.parents.get(call)
            if last(call.func) != "set_missing_host_key_policy" or given is None or written is None:
                continue
            if last(written) not in _BLIND or not isinstance(statement, ast.Expr):
                continue
            if not isinstance(call.func, ast.Attribute):
                continue
            draft.insert_before(statement, f"{draft.of(call.func.value)}.load_system_host_keys()")
            policy = draft.name_for("paramiko.RejectPolicy", call)
            draft.replace(given, f"{policy}()")
            return draft.repair(
                "refuses servers whose key is not known",
                safe=False,
                changes="connections to servers fail whose key is not in known_hosts",
            )
        return None
