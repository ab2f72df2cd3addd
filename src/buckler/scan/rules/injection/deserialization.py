"""INJ008: objects made from input."""

from __future__ import annotations

import base64
import marshal
from collections.abc import Iterable

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Canary, Hit, Mint, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.interface import ANSWERS, DIRECT, STORED, Flow, Flows
from buckler.scan.engines.source.flow.values import truth
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.rules._support.flows import told
from buckler.scan.rules.injection._fixes.as_json import as_json


class UnsafeDeserialization(Rule):
    """Input is loaded with pickle or something like it.

    ## What it is
    ``pickle``, ``marshal``, ``shelve``, ``dill``, ``joblib``, ``torch.load`` without ``weights_only`` and
    ``jsonpickle`` make objects of any class, and call what the data tells them to call.

    ## Why it matters
    Loading is running: a pickle of forty bytes starts a program while it is being read.

    ## How to fix
    Use JSON and a Pydantic model. Where the format has to stay, sign the data with HMAC and
    check the signature before the first byte is loaded.

    ## How to check
    Send the pickle of an unknown class: the answer must not differ from any other garbage.

    ## Roll-out
    Data that is stored as pickle must be converted once, offline.

    ## References
    CWE-502; OWASP A08:2025 Software or Data Integrity Failures; ASVS 5.0 V1.5.2.
    """

    id = "INJ008"
    name = "unsafe-deserialization"
    title = "Unsafe deserialization"
    severity = Severity.CRITICAL
    cwe = (502,)
    owasp = ("A08:2021", "A08:2025")
    asvs = ("V1.5.2",)
    sinks = ("pickle", "marshal", "import")
    flows = Flows(
        "pickle",
        """
        {pickle,dill,cloudpickle,marshal,_pickle,jsonpickle}.{loads,decode}(0,data) {pickle,dill,cloudpickle,marshal,joblib}.load(0,file)
        pickle.Unpickler(0,file) shelve.open(0,filename) torch.load(0,f) numpy.load(0,file;allow_pickle=True)
        pandas.read_pickle(0) jsonpickle.unpickler.decode(0)
        """,
        sanitizers="{pickle,dill,cloudpickle,marshal,jsonpickle}.{dumps,encode}",
        sources=DIRECT | STORED | ANSWERS,
    )
    lead = 3
    fix = Fix(
        "use JSON and a model: Model.model_validate_json(data)",
        before="state = pickle.loads(base64.b64decode(text))",
        after="state = State.model_validate_json(base64.b64decode(text))",
    )
    bad = (
        Example(
            """
            import base64
            import pickle

            from fastapi import Cookie, FastAPI

            app = FastAPI()


            @app.get("/cart")
            def cart(cart: str = Cookie(default="")) -> str:
                if not cart:
                    return "empty"
                return str(pickle.loads(base64.b64decode(cart)))
            """,
            line=13,
        ),
        Example(
            """
            import pickle

            from fastapi import FastAPI, UploadFile

            app = FastAPI()


            @app.post("/restore")
            async def restore(backup: UploadFile) -> str:
                return type(pickle.load(backup.file)).__name__
            """,
        ),
    )
    good = (
        Example(
            """
            import base64
            import hmac
            import json
            import pickle
            import secrets

            from fastapi import Cookie, FastAPI, HTTPException

            app = FastAPI()
            KEY = secrets.token_bytes(32)


            @app.get("/cart")
            def cart(cart: str = Cookie(default="e30=")) -> str:
                try:
                    return str(json.loads(base64.b64decode(cart)))
                except ValueError as error:
                    raise HTTPException(422) from error


            @app.get("/signed")
            def signed(cart: str, signature: str) -> str:
                data = base64.b64decode(cart + "==")
                if not hmac.compare_digest(hmac.new(KEY, data, "sha256").hexdigest().encode(), signature.encode()):
                    raise HTTPException(403)
                return str(pickle.loads(data))
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input that is unpickled."""
        only = flow.other(-1, "weights_only")
        if not flow.taints or (only is not None and truth(only) is True):
            return None
        return told(flow, "is deserialized in a format whose data names the code to run.")

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """A pickle that names a class, bare where bytes can go, in base 64 and in hexadecimal."""
        if slot.where in ("file", "body"):
            canary = mint()
            yield Payload(_pickle(canary), canary, "a pickle", raw=True)
            canary = mint()
            yield Payload(marshal.dumps(canary.text), canary, "marshal data", raw=True)
        for encode, note in (
            (base64.b64encode, "a pickle in base 64"),
            (base64.urlsafe_b64encode, "a pickle in URL-safe base 64"),
        ):
            canary = mint()
            yield Payload(encode(_pickle(canary)).decode(), canary, note, raw=True)
        canary = mint()
        yield Payload(
            f'{{"py/object": "{canary}.Thing"}}', canary, "an object of jsonpickle", raw=True
        )
        canary = mint()
        yield Payload(_pickle(canary).hex(), canary, "a pickle in hexadecimal", raw=True)
        canary = mint()
        yield Payload(
            base64.b64encode(marshal.dumps(canary.text)).decode(), canary, "marshal data", raw=True
        )

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """A class that the payload names was looked up."""
        through = str(hit.more.get("through", ""))
        if hit.sink == "import" and through not in (
            "pickle",
            "_pickle",
            "jsonpickle",
            "dill",
            "cloudpickle",
        ):
            return None
        what = through if hit.sink == "import" else hit.sink
        return Verdict(
            f"Data from the request is loaded with {what.strip('_')}, which makes any object it names.",
            mark=probe.payload.canary.text,
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """JSON, for what is read here and written in this file."""
        for call in draft.calls_at(finding):
            if as_json(draft, call):
                return draft.repair(
                    "reads and writes JSON",
                    safe=False,
                    changes="what was stored or handed out before cannot be read any more, and only texts, "
                    "numbers, lists and dictionaries can be kept",
                )
        return None


def _pickle(canary: Canary) -> bytes:
    """Protocol 0, global ``canary.Thing``: loading it looks the class up and calls nothing."""
    return f"c{canary}\nThing\n.".encode()
