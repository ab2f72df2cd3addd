"""INJ002: input that becomes a command of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Hit, Mint, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.interface import ANSWERS, DIRECT, STORED, Flow, Flows
from buckler.scan.engines.source.flow.values import one_text, truth
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.languages.shell import script_of, starts_command
from buckler.scan.python.constants import truth as is_true
from buckler.scan.python.index import argument, unpacks
from buckler.scan.rules._support.flows import told
from buckler.scan.rules.injection._fixes.same_words import same_words
from buckler.scan.rules.injection._fixes.words import argument_list

_RUNS = frozenset(
    f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen")
)
CHANGES = "no shell reads the command: a value is one argument, whatever blanks, wildcards or signs it holds"


class CommandInjection(Rule):
    """Input is pasted into a command line that a shell reads.

    ## What it is
    ``os.system``, ``shell=True`` or ``create_subprocess_shell`` hand a text to a shell. A
    semicolon, a pipe or ``$(…)`` in the request ends the intended command and begins another.

    ## Why it matters
    Whoever sends the request runs programs with the rights of the application: reads its
    secrets, changes its data, goes on into the network behind it.

    ## How to fix
    Start the program without a shell and give every argument on its own:
    ``subprocess.run(["ping", "-c", "1", "--", host])``. Where a shell is needed, quote each value
    with ``shlex.quote``. Never let input name the program.

    ## How to check
    Send ``$(sleep 3)``: the answer must not take longer. ``buckler replay`` sends the proof again.

    ## Roll-out
    Pipes and redirections in the old command have to be made in Python.

    ## References
    CWE-78; OWASP A05:2025 Injection; ASVS 5.0 V1.2.5.
    """

    id = "INJ002"
    name = "command-injection"
    title = "Command injection"
    severity = Severity.CRITICAL
    cwe = (78,)
    owasp = ("API8:2023", "A03:2021", "A05:2025")
    asvs = ("V1.2.5",)
    sinks = ("process",)
    flows = Flows(
        "shell",
        """
        os.{system,popen}(0,command,cmd) subprocess.{getoutput,getstatusoutput}(0,cmd)
        asyncio.create_subprocess_shell(0,cmd) anyio.{run_process,open_process}(0,command)
        subprocess.{run,call,check_call,check_output,Popen}(0,args)
        asyncio.create_subprocess_exec(0,program)
        os.{execl,execle,execlp,execv,execve,execvp,spawnl,spawnv,spawnvp}(0,path)
        commands.getoutput(0) pty.spawn(0) paramiko.SSHClient.exec_command(0,command) asyncssh.Connection.run(0,command)
        *.exec_command(0)
        """,
        sanitizers="shlex.{quote,join} pipes.quote",
        sources=DIRECT | STORED | ANSWERS,
    )
    fix = Fix(
        'no shell: subprocess.run(["ping", "--", host])',
        before='subprocess.run(f"ping {host}", shell=True)',
        after='subprocess.run(["ping", "--", host])',
        safe=True,
    )
    bad = (
        Example(
            """
            import subprocess

            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/ping")
            def ping(host: str) -> str:
                done = subprocess.run(f"ping -c 1 {host}", shell=True, capture_output=True, text=True)
                return done.stdout
            """,
            line=10,
        ),
        Example(
            """
            import os

            from fastapi import BackgroundTasks, FastAPI
            from pydantic import BaseModel

            app = FastAPI()


            class Job(BaseModel):
                title: str


            @app.post("/jobs")
            async def start(job: Job, tasks: BackgroundTasks) -> dict[str, bool]:
                tasks.add_task(os.system, "echo '" + job.title + "' >> jobs.txt")
                return {"started": True}
            """,
        ),
    )
    good = (
        Example(
            """
            import shlex
            import subprocess

            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/ping")
            def ping(host: str) -> str:
                done = subprocess.run(f"ping -c 1 -- {shlex.quote(host)}", shell=True, capture_output=True, text=True)
                return done.stdout


            @app.get("/trace")
            def trace(host: str) -> str:
                return subprocess.run(["traceroute", "--", host], capture_output=True, text=True).stdout
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input in a command line for a shell, or as the program itself."""
        if flow.call in LISTS:
            given = flow.other(-1, "shell")
            shell = truth(given) is not False if given is not None else False
            if flow.call.startswith("anyio."):
                shell = not flow.elements
            if not shell and not script_in(flow) and not _is_program(flow):
                return None
            if script_in(flow):
                return told(flow, "is read by a shell as part of the command line.")
            if flow.elements and shell:
                first = flow.elements[0]
                if not any(not flow.is_clean(t) for t in first.taints):
                    return None
        if not flow.taints:
            return _quoted_twice(flow)
        return told(flow, "is read by a shell as part of the command line.")

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """Every way to begin a command, from every way to be quoted."""
        for before, after, note in (
            ("sample;", ";", "ends the command"),
            ("sample$(", ")", "substitutes a command"),
            ("sample';", ";'", "ends a quoted word and the command"),
            ('sample";', ';"', "ends a double-quoted word and the command"),
            ("sample|", "", "pipes into a command"),
            ("sample`", "`", "substitutes a command the old way"),
            ("sample\n", "\n", "begins a new line"),
            ("sample&", "", "puts the command in the background"),
        ):
            canary = mint()
            yield Payload(f"{before}{canary}{after}", canary, note)
        canary = mint()
        yield Payload(canary.text, canary, "names the program")

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """The canary is a command: the program itself, or one that a shell would start."""
        canary = probe.payload.canary.text
        if not isinstance(hit.argument, tuple) or not hit.argument:
            return None
        if hit.argument[0].lower().strip() == canary:
            return Verdict("The request names the program that is started.", mark=canary)
        script = script_of(hit.argument)
        if script is None or not starts_command(script, canary):
            return None
        return Verdict(
            "Text from the request is read by a shell as a command of its own.", mark=canary
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The program with a list of arguments, where the shell did nothing else."""
        for call in draft.calls_at(finding):
            command = _command(call)
            if command is not None and _without_shell(draft, call, command):
                same = same_words(draft, call, command)
                return draft.repair(
                    "starts the program without a shell",
                    safe=same,
                    changes="" if same else CHANGES + _status(draft, call),
                )
        return None


def _status(draft: Draft, call: ast.Call) -> str:
    """What becomes of the value of ``os.system``, where the code looks at it."""
    looked = not isinstance(draft.index.parents.get(call), ast.Expr | ast.Await)
    of_system = draft.index.name(call.func) == "os.system"
    return "; the value is the exit code itself" if looked and of_system else ""


LISTS = frozenset(
    {f"subprocess.{n}" for n in ("run", "call", "check_call", "check_output", "Popen")}
    | {"anyio.run_process", "anyio.open_process"}
)


def script_in(flow: Flow) -> bool:
    """``["sh", "-c", script]``: a shell, though none was asked for by name of an argument."""
    words = [one_text(v) for v in flow.elements]
    for number, word in enumerate(words[1:-1], 1):
        program = (words[0] or "").rpartition("/")[2]
        if word and word.startswith("-") and word.endswith("c") and program in SHELLS:
            return any(not flow.is_clean(t) for t in flow.elements[number + 1].taints)
    return False


SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash", "cmd", "powershell", "env"})


def _is_program(flow: Flow) -> bool:
    """Whether the input names the program that is started."""
    if flow.elements:
        return any(not flow.is_clean(t) for t in flow.elements[0].taints)
    if flow.call.startswith("subprocess."):
        return any(not before for before, _, _ in flow.places()) and not flow.value.objs
    return True


def _quoted_twice(flow: Flow) -> Verdict | None:
    """``shlex.quote`` inside of quotes: the quotes that it adds end those around it."""
    for text in flow.texts:
        before = ""
        for part in text:
            if isinstance(part, str):
                before += part
            elif part and any("shlex.quote" in word for t in part for word in t.tried):
                if before.count('"') % 2 or before.count("'") % 2:
                    return told(
                        flow,
                        "is quoted by shlex.quote(), but stands inside of quotes, which undoes it: a shell reads it.",
                    )
    return None


def _command(call: ast.Call) -> ast.expr | None:
    return argument(call, "args", 0) or argument(call, "cmd", 0) or argument(call, "command", 0)


def _without_shell(draft: Draft, call: ast.Call, command: ast.expr) -> bool:
    name = draft.index.name(call.func)
    if unpacks(call) or argument(call, "executable") is not None:
        return False  # an executable would be started in the place of the program
    shell = argument(call, "shell")
    through = shell is not None and is_true(draft.index, shell) is True
    if not (
        name == "os.system"
        or name == "asyncio.create_subprocess_shell"
        or (name in _RUNS and through)
    ):
        return False
    words = argument_list(draft, command)
    if words is None:
        return False
    if name == "asyncio.create_subprocess_shell":
        draft.set_callee(call, draft.name_for("asyncio.create_subprocess_exec", call))
        draft.replace_argument(call, command, ", ".join(words))
        return True
    if name == "os.system":
        draft.set_callee(call, draft.name_for("subprocess.call", call))
    else:
        draft.remove_keyword(call, "shell")
    draft.replace_argument(call, command, f"[{', '.join(words)}]")
    return True
