"""INJ009: YAML that makes objects."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Hit, Mint, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.interface import ANSWERS, DIRECT, STORED, Flow, Flows
from buckler.scan.engines.source.flow.objects import ClassObject, External, things
from buckler.scan.engines.source.flow.values import Value, one_text
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import argument
from buckler.scan.rules._support.flows import told

_ALL = frozenset({"yaml.load_all", "yaml.unsafe_load_all", "yaml.full_load_all"})
_ONE = frozenset({"yaml.load", "yaml.unsafe_load", "yaml.full_load"})


class UnsafeYaml(Rule):
    """YAML from the request is read with a loader that makes objects.

    ## What it is
    ``yaml.load`` with ``Loader``, ``UnsafeLoader`` or ``yaml.unsafe_load`` obeys tags such as
    ``!!python/object/apply:os.system``.

    ## Why it matters
    A document of one line starts a program while it is being read.

    ## How to fix
    ``yaml.safe_load(text)``, and a Pydantic model over the result.

    ## How to check
    Send ``!!python/name:os.getcwd``: it must be refused as an unknown tag.

    ## Roll-out
    Documents with Python tags of your own need to be rewritten as plain data.

    ## References
    CWE-502; OWASP A08:2025 Software or Data Integrity Failures; ASVS 5.0 V1.5.2.
    """

    id = "INJ009"
    name = "unsafe-yaml"
    title = "YAML that makes objects"
    severity = Severity.CRITICAL
    cwe = (502,)
    owasp = ("A08:2021", "A08:2025")
    asvs = ("V1.5.2",)
    sinks = ("import",)
    flows = Flows(
        "yaml",
        """
        yaml.{load,load_all}(0,stream) yaml.{unsafe_load,unsafe_load_all,full_load,full_load_all}(0,stream) ruamel.yaml.YAML.{load,load_all}(0,stream)
        """,
        sources=DIRECT | STORED | ANSWERS,
    )
    lead = 2
    fix = Fix(
        "use the safe loader: yaml.safe_load(text)",
        before="yaml.load(text, Loader=yaml.Loader)",
        after="yaml.safe_load(text)",
        safe=True,
    )
    bad = (
        Example(
            """
            import yaml
            from fastapi import FastAPI, Request

            app = FastAPI()


            @app.post("/import")
            async def import_items(request: Request) -> str:
                return str(yaml.load(await request.body(), Loader=yaml.Loader))
            """,
            line=9,
        ),
    )
    good = (
        Example(
            """
            import yaml
            from fastapi import FastAPI, HTTPException, Request

            app = FastAPI()


            @app.post("/import")
            async def import_items(request: Request) -> str:
                try:
                    return str(yaml.safe_load(await request.body()))
                except yaml.YAMLError as error:
                    raise HTTPException(422) from error
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input that is read by a loader that makes any object."""
        loader = flow.other(1, "Loader")
        if flow.call.startswith("ruamel."):
            kinds = [t.named.get("typ") for t in things(flow.receiver, External)]
            if not flow.taints or not any(k is not None and one_text(k) == "unsafe" for k in kinds):
                return None
            return told(flow, "is read by a YAML loader that makes any object of Python.")
        names = _names(loader) if loader is not None else set()
        safe = {"SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader"}
        if not flow.taints or (
            flow.call in ("yaml.load", "yaml.load_all") and (names & safe or loader is None)
        ):
            return None
        return told(flow, "is read by a YAML loader that makes any object of Python.")

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """A name of a module that is not there."""
        for tag, after in (("!!python/object/apply:", ".make []"), ("!!python/name:", ".thing ''")):
            canary = mint()
            yield Payload(f"{tag}{canary}{after}", canary, "a Python tag", raw=True)

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """The loader went to import the module that the tag names."""
        if hit.more.get("through") not in ("yaml", "ruamel"):
            return None
        return Verdict(
            "YAML from the request is read with a loader that makes any object it names.",
            mark=probe.payload.canary.text,
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``yaml.safe_load``, and no loader named."""
        for call in draft.calls_at(finding):
            name = draft.index.name(call.func)
            if name not in _ONE | _ALL or not 1 <= len(call.args) + len(call.keywords) <= 2:
                continue
            safe = "yaml.safe_load_all" if name in _ALL else "yaml.safe_load"
            stream = argument(call, "stream", 0)
            if stream is None:
                continue
            draft.set_callee(call, draft.name_for(safe, call))
            loader = argument(call, "Loader", 1)
            if loader is not None:
                draft.remove_argument(call, loader)
            return draft.repair("reads plain data only, by yaml.safe_load")
        return None


def _names(loader: Value) -> set[str]:
    """The classes that a loader is, or derives from."""
    made = {t.name.rpartition(".")[2] for t in things(loader, External)}
    for cls in things(loader, ClassObject):
        made |= {name.rpartition(".")[2] for name in cls.external_bases()}
    return made
