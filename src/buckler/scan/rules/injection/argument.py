"""INJ003: input that becomes an option of a program."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Hit, Mint, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.interface import Flow, Flows
from buckler.scan.engines.source.flow.objects import Container, things
from buckler.scan.engines.source.flow.values import Value, one_text, texts_of, truth
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.languages.shell import script_of
from buckler.scan.rules._support.flows import told
from buckler.scan.rules.injection._fixes.options import options_ended

VALUE_OPTIONS = {
    "curl": "-A -b -c -d -e -F -H -K -m -o -T -u -w -x -X",
    "convert": "-resize -quality -format -density",
    "ffmpeg": "-i -f -t -ss -c -vf -af -b",
    "git": "-C -c -m",
    "grep": "-e -f -m -A -B -C",
    "head": "-n -c",
    "openssl": "-in -out -key -passin",
    "sed": "-e -f",
    "sort": "-k -t -o",
    "ssh": "-i -l -p -o -F",
    "tail": "-n -c",
    "tar": "-f -C",
    "unzip": "-d -P",
    "wget": "-O -P -U -o",
}
"""Options whose value is the next argument, so that it cannot be an option itself."""


UNKNOWN = "a program that does not end its options at -- takes it for an argument"


def takes_value(program: str, option: str) -> bool:
    """Whether the argument after ``option`` is its value, whatever it looks like."""
    if program == "find":
        return option.startswith("-") and option not in ("-print", "-delete", "-not", "-o", "-a")
    return option in VALUE_OPTIONS.get(program, "").split()


SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash", "env", "cmd", "powershell"})


class ArgumentInjection(Rule):
    """Input becomes an option of a program that is started without a shell.

    ## What it is
    The program gets its arguments as a list, so no second command can begin. But an argument
    that starts with a dash is an option, and many programs have options that write files or
    start other programs.

    ## Why it matters
    ``tar --checkpoint-action=exec=…``, ``curl -o``, ``git --upload-pack=…``, ``find -exec``: with
    the right option the program does what the sender wants.

    ## How to fix
    Put ``"--"`` before the first value from outside, or a prefix that cannot be an option
    (``./``), or check the value against a list or a pattern that begins with a letter.

    ## How to check
    Send ``--help``: the answer must not be the help of the program.

    ## Roll-out
    A few programs do not know ``--``; for those check the value.

    ## References
    CWE-88; OWASP A05:2025 Injection; ASVS 5.0 V1.2.5.
    """

    id = "INJ003"
    name = "argument-injection"
    title = "Argument injection"
    severity = Severity.HIGH
    cwe = (88,)
    owasp = ("API8:2023", "A03:2021", "A05:2025")
    asvs = ("V1.2.5",)
    sinks = ("process",)
    flows = Flows(
        "argv",
        """
        subprocess.{run,call,check_call,check_output,Popen}(0,args)
        asyncio.create_subprocess_exec(*) anyio.{run_process,open_process}(0,command)
        os.{execv,execve,execvp,spawnv,spawnvp}(1) os.posix_spawn(1)
        """,
    )
    fix = Fix(
        'end the options first: ["cat", "--", name]',
        before='subprocess.run(["file", name])',
        after='subprocess.run(["file", "--", name])',
        safe=True,
    )
    bad = (
        Example(
            """
            import subprocess

            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/media-type")
            def media_type(name: str) -> str:
                return subprocess.run(["file", name], capture_output=True, text=True).stdout
            """,
            line=10,
        ),
    )
    good = (
        Example(
            """
            import subprocess

            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/media-type")
            def media_type(name: str) -> str:
                return subprocess.run(["file", "--", name], capture_output=True, text=True).stdout


            @app.get("/size")
            def size(name: str) -> str:
                return subprocess.run(["du", f"./{name}"], capture_output=True, text=True).stdout
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """An element of an argument list that begins with input, with no ``--`` before it."""
        words = flow.elements
        exact = all(t.exact for t in things(flow.value, Container))
        if flow.call == "asyncio.create_subprocess_exec":
            if flow.argument == "more":
                return (
                    told(flow, "stands where an option may stand.")
                    if _begins(flow, flow.value)
                    else None
                )
            if flow.argument in ("0", "program") or not flow.argument.isdigit():
                return None
            given = (flow.other(n, "") for n in range(int(flow.argument) + 1))
            words = tuple(v for v in given if v is not None)
            exact = True
        program = one_text(words[0]) if words else None
        shell = flow.other(-1, "shell")
        if not flow.taints or not words or (shell is not None and truth(shell) is not False):
            return None
        if (program or "").rpartition("/")[2] in SHELLS:
            return (
                None  # what follows a script are its parameters, and the script is the other rule's
            )
        before = ""
        for word in words[1:] if exact or program else words:
            before = before if exact or word is not words[-1] else ""
            text = one_text(word)
            if text == "--":
                return None
            if _begins(flow, word):
                if not takes_value((program or "").rpartition("/")[2], before):
                    name = f" of {program}" if program else ""
                    return told(flow, f"stands where an option{name} may stand.")
            before = text or ""
        return None

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """A long and a short option, and one after a space, for what is split into words."""
        for before in ("--", "-", "sample --"):
            canary = mint()
            yield Payload(f"{before}{canary}=1", canary, "looks like an option")

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """An argument begins with the payload and no ``--`` stands before it."""
        arguments = hit.argument
        if not isinstance(arguments, tuple) or script_of(arguments) is not None:
            return None
        program = arguments[0].rpartition("/")[2]
        for before, argument in zip(arguments, arguments[1:], strict=False):
            if argument == "--":
                return None
            if takes_value(program, before):
                continue
            if argument.lower().startswith(str(probe.payload.value).rpartition(" ")[2]):
                return Verdict(
                    f"Text from the request becomes an option of {program}.",
                    mark=probe.payload.canary.text,
                )
        return None

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``--`` before the first argument that is a value."""
        for call in draft.calls_at(finding):
            if how := options_ended(draft, call):
                return draft.repair(
                    "ends the options before the value, by --",
                    safe=how == "alike",
                    changes="" if how == "alike" else UNKNOWN,
                )
        return None


def _begins(flow: Flow, word: Value) -> bool:
    """Whether a word may begin with harmful input."""
    for text in texts_of(word):
        if text and not isinstance(text[0], str) and any(not flow.is_clean(t) for t in text[0]):
            return True
    return False
