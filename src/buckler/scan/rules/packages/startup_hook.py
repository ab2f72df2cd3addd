"""PKG007: an environment that runs code at every start of Python."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file
from buckler.core.finding import Confidence, Finding, Location, Proof, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.packages.inventory.environment import KIND, libraries, relative
from buckler.scan.engines.packages.inventory.records import owner
from buckler.scan.engines.packages.seen import InventorySeen
from buckler.scan.rules.packages._installed.startup import Hook, hooks

APP = """
from fastapi import FastAPI

app = FastAPI()
"""
LIBRARY = ".venv/lib/python3.13/site-packages"
ENVIRONMENT = {
    ".venv/pyvenv.cfg": "version = 3.13.9",
    ".venv/bin/python": "",
    f"{LIBRARY}/fastapi/__init__.py": "",
    f"{LIBRARY}/fastapi-0.165.0.dist-info/METADATA": "Name: fastapi\nVersion: 0.165.0",
}


class StartupHook(Rule):
    """The environment runs code at every start of Python, whatever program is started.

    ## What it is
    A ``.pth`` file has a line that begins with ``import``, or there is a ``sitecustomize`` or ``usercustomize``
    module. Left out are, by what stands in them, the lines of setuptools, coverage, pytest-cov, pywin32 and
    virtualenv, and what an editable installation of yours has written.

    ## Why it matters
    It runs before the application, in every program of that environment, the tools of developers and builds among
    them, and nobody imports it. Two releases of litellm carried a credential stealer that ran this way.

    ## How to fix
    Find out who brings it: the finding names the package, or says that none does. Leave that package, or install it
    again from where you trust; delete the file. Code that has to run first belongs into the application.

    ## How to check
    ``python -X importtime -c ''`` shows what is imported at the start.

    ## Roll-out
    Where no package brought the file, treat the machine as taken over until you know who wrote it.

    ## References
    CWE-829, CWE-506; OWASP A08:2021, A08:2025; ASVS 5.0 V15.2.4; MITRE ATT&CK T1546.018.
    """

    id = "PKG007"
    name = "startup-hook"
    title = "Code that runs at every start of Python"
    severity = Severity.MEDIUM
    cwe = (829, 506)
    owasp = ("A08:2021", "A08:2025")
    asvs = ("V15.2.4",)
    fix = Fix("delete the file, or leave the package that brings it")
    bad = (
        Example(
            APP,
            files={
                **ENVIRONMENT,
                f"{LIBRARY}/labels_init.pth": "import os, subprocess, sys; subprocess.Popen([sys.executable, '-c', 'pass'])",
            },
        ),
        Example(APP, files={**ENVIRONMENT, f"{LIBRARY}/sitecustomize.py": "import labels.first"}),
        Example(
            APP,
            files={
                **ENVIRONMENT,
                f"{LIBRARY}/distutils-precedence.pth": "import os; exec(os.environ.get('SETUPTOOLS_USE_DISTUTILS', ''))",
            },
        ),
    )
    good = (
        Example(
            APP,
            files={
                **ENVIRONMENT,
                f"{LIBRARY}/distutils-precedence.pth": "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; enabled and __import__('_distutils_hack').add_shim(); ",
                f"{LIBRARY}/_shop.pth": "../../../../src\n# import nothing\n",
            },
        ),
        Example(
            APP,
            files={
                **ENVIRONMENT,
                f"{LIBRARY}/coverage.pth": "import coverage; coverage.process_startup()",
                f"{LIBRARY}/_virtualenv.pth": "import _virtualenv",
                f"{LIBRARY}/_virtualenv.py": """
                import os
                import sys


                def patch_dist(dist):
                    dist.Distribution.prefix = os.path.abspath(sys.prefix)
                """,
            },
        ),
    )

    def check_inventory(self, seen: InventorySeen) -> Iterable[Finding]:
        """One finding for each file that has such code."""
        if seen.inventory.kind != KIND:
            return
        unread: list[tuple[Path, str]] = []
        told: set[Path] = set()
        for library in dict.fromkeys(place.resolve() for place in libraries(seen.root)):
            for hook in hooks(library, unread):
                info = owner(library, hook.file.relative_to(library).as_posix())
                if hook.file in told or (info is not None and _editable(info)):
                    continue
                told.add(hook.file)
                yield self._made(seen, hook, info)
        for file, why in unread:
            seen.gap(relative(file, seen.folder.resolve()), why, "look at what it runs yourself")

    def _made(self, seen: InventorySeen, hook: Hook, info: Path | None) -> Finding:
        path = relative(hook.file, seen.folder.resolve())
        whose = "no package has brought it" if info is None else f"{info.name[:-10]} brings it"
        return self.found(
            f"{hook.file.name} runs code at every start of Python; {whose}.",
            confidence=Confidence.OBSERVED,
            location=Location(path, hook.line),
            severity=Severity.HIGH if hook.hides or info is None else self.severity,
            proof=(Proof("setting", {"name": hook.file.name, "value": hook.code[:300]}),),
            anchor=hook.file.name,
            subject=os.path.basename(path),
        )


def _editable(info: Path) -> bool:
    """Whether a distribution is a project on this machine (PEP 610); a wheel can bring the same words."""
    try:
        said = json.loads(read_project_file(info / "direct_url.json", info, 100_000))
    except (FileNotFoundError, UnreadableFile, ValueError, RecursionError):
        return False
    folder = said.get("dir_info") if isinstance(said, dict) else None
    if not isinstance(folder, dict) or folder.get("editable") is not True:
        return False
    try:
        place = Path(url2pathname(urlsplit(str(said.get("url"))).path))
        return any((place / name).is_file() for name in ("pyproject.toml", "setup.py"))
    except (ValueError, OSError):
        return False
