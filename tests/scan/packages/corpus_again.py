"""Writes the corpus of lock files again, with the real tools: ``python -m tests.scan.packages.corpus_again TOOLS INDEX``.

TOOLS is the ``bin`` folder of an environment with uv, poetry, poetry-plugin-export, pdm, pipenv,
pip-tools and pip 26, INDEX the address of a simple index. Each lock is written by its tool and put beside what the same tool exports
from it; then addresses of indexes are replaced, and of the many files of a package the first two
are kept, in the lock and in the export alike, because all of them would be ten times as much.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
FEW = {"main": ["fastapi>=0.115,<0.116"], "extras": {}, "groups": {}}
SOME = {
    "main": [
        "fastapi[standard]>=0.121",
        "sqlalchemy[asyncio]>=2.0",
        "alembic",
        "python-jose[cryptography]",
    ],
    "extras": {"sql": ["asyncpg", "psycopg[binary]>=3.2"], "redis": ["redis>=5,<7"]},
    "groups": {"dev": ["pytest>=8", "httpx"], "lint": ["ruff", "mypy ; python_version < '3.14'"]},
}
MANY = {
    "main": [
        "fastapi[standard]",
        "sqlalchemy>=2",
        "celery[redis]",
        *"boto3 sentry-sdk[fastapi] opentelemetry-instrumentation-fastapi pandas>=2".split(),
        *"opentelemetry-exporter-otlp google-cloud-storage authlib passlib[bcrypt]".split(),
        *"aiohttp jinja2".split(),
        "pywin32 ; sys_platform == 'win32'",
    ],
    "extras": {"search": ["elasticsearch[async]>=8"], "mail": ["aiosmtplib", "premailer"]},
    "groups": {"dev": ["pytest>=8", "jupyterlab", "ipdb"], "docs": ["mkdocs-material", "sphinx"]},
}
SIZES = {"few": FEW, "some": SOME, "many": MANY}


def manifest(project: dict, more: str = "") -> str:
    """The pyproject.toml of a project: PEP 621 and PEP 735."""
    text = '[project]\nname = "shop"\nversion = "1.0"\nrequires-python = ">=3.11,<4"\n'
    text += f"dependencies = {json.dumps(project['main'])}\n"
    if project["extras"]:
        text += "[project.optional-dependencies]\n"
        text += "".join(f"{k} = {json.dumps(v)}\n" for k, v in project["extras"].items())
    if project["groups"]:
        text += "[dependency-groups]\n"
        text += "".join(f"{k} = {json.dumps(v)}\n" for k, v in project["groups"].items())
    return text + more


class Tools:
    """The tools, run in a folder of their own."""

    def __init__(self, place: Path, index: str) -> None:
        self._place = place
        self.index = index

    def run(self, folder: Path, name: str, *arguments: str) -> str:
        """The output of a tool.

        Raises:
            subprocess.CalledProcessError: It failed.
        """
        env = {
            **os.environ,
            "PIP_CONFIG_FILE": os.devnull,
            "PDM_CHECK_UPDATE": "false",
            "POETRY_VIRTUALENVS_CREATE": "false",
            "PIPENV_IGNORE_VIRTUALENVS": "1",
            "PIPENV_VENV_IN_PROJECT": "1",
        }
        for key in ("PIP_FIND_LINKS", "VIRTUAL_ENV"):
            env.pop(key, None)
        print("run", folder.name, name, *arguments, flush=True)
        return subprocess.run(
            [self._place / name, *arguments],
            cwd=folder,
            env=env,
            check=True,
            text=True,
            stdout=subprocess.PIPE,
        ).stdout


def uv(tools: Tools, folder: Path, project: dict) -> dict[str, str]:
    (folder / "pyproject.toml").write_text(manifest(project))
    tools.run(folder, "uv", "lock", "-q")
    every = ("--all-groups", "--all-extras", "--no-emit-project", "-q", "--no-header")
    return {
        "uv-lock.toml": (folder / "uv.lock").read_text(),
        "project.toml": (folder / "pyproject.toml").read_text(),
        "export.txt": tools.run(folder, "uv", "export", *every),
        "main.txt": tools.run(
            folder,
            "uv",
            "export",
            "-q",
            "--no-header",
            "--no-emit-project",
            "--no-default-groups",
            "--no-hashes",
            "--no-annotate",
        ),
        "pylock-uv.toml": tools.run(folder, "uv", "export", *every, "--format", "pylock.toml"),
    }


def workspace(tools: Tools, folder: Path, project: dict) -> dict[str, str]:
    """Two members, one package in two versions, one from git, one from a folder."""
    labels, stamps = folder / "labels", folder / "stamps"
    for name, place in (("shop-labels", labels), ("shop-stamps", stamps)):
        (place / name.replace("-", "_")).mkdir(parents=True)
        (place / name.replace("-", "_") / "__init__.py").write_text("")
        (place / "pyproject.toml").write_text(
            f'[project]\nname = "{name}"\nversion = "0.3"\nrequires-python = ">=3.11"\n'
            'dependencies = ["idna"]\n[build-system]\nrequires = ["hatchling"]\n'
            'build-backend = "hatchling.build"\n'
        )
    git = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "one")):
        subprocess.run(["git", *git, *arguments], cwd=labels, check=True)
    root = folder / "root"
    member = root / "packages" / "stock"
    member.mkdir(parents=True)
    (member / "pyproject.toml").write_text(
        '[project]\nname = "stock"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = '
        '["aiosqlite", "numpy<2.3 ; python_version < \'3.12\'", "numpy>=2.3 ; python_version >= \'3.12\'"]\n'
    )
    more = (
        '[tool.uv.workspace]\nmembers = ["packages/*"]\n[tool.uv.sources]\nstock = { workspace = true }\n'
        f'shop-labels = {{ git = "file://{labels}" }}\nshop-stamps = {{ path = "../stamps" }}\n'
    )
    (root / "pyproject.toml").write_text(manifest(project, more))
    tools.run(root, "uv", "lock", "-q")
    every = (
        "--all-packages",
        "--all-groups",
        "--all-extras",
        "--no-emit-workspace",
        "-q",
        "--no-header",
        "--no-annotate",
    )
    return {
        name: text.replace(f"file://{labels}", "https://git.example/labels")
        for name, text in {
            "uv-lock.toml": (root / "uv.lock").read_text(),
            "export.txt": tools.run(root, "uv", "export", *every),
        }.items()
    }


def poetry(tools: Tools, folder: Path, project: dict) -> dict[str, str]:
    more = (
        "[tool.poetry]\npackage-mode = false\n"
        '[[tool.poetry.source]]\nname = "index"\nurl = "INDEX/"\npriority = "primary"\n'
    )
    (folder / "pyproject.toml").write_text(manifest(project, more.replace("INDEX", tools.index)))
    tools.run(folder, "poetry", "lock", "-q")
    return {
        "poetry-lock.toml": (folder / "poetry.lock").read_text(),
        "project.toml": (folder / "pyproject.toml").read_text(),
        "export.txt": _poetry(tools, folder, "--all-groups", "--all-extras"),
        "main.txt": _poetry(tools, folder, "--only", "main", "--all-extras", "--without-hashes"),
    }


def _poetry(tools: Tools, folder: Path, *arguments: str) -> str:
    tools.run(folder, "poetry", "export", "-q", "--without-urls", "-o", "export.txt", *arguments)
    return (folder / "export.txt").read_text()


def pdm(tools: Tools, folder: Path, project: dict) -> dict[str, str]:
    (folder / "pyproject.toml").write_text(manifest(project))
    every = ("-G", ":all") if project["groups"] else ()
    tools.run(folder, "pdm", "lock", "-q", *every)
    return {
        "pdm-lock.toml": (folder / "pdm.lock").read_text(),
        "project.toml": (folder / "pyproject.toml").read_text(),
        "export.txt": tools.run(folder, "pdm", "export", "-f", "requirements", *every),
        "main.txt": tools.run(
            folder, "pdm", "export", "-f", "requirements", "--prod", "--no-hashes"
        ),
        "pylock-pdm.toml": tools.run(folder, "pdm", "export", "-f", "pylock", *every),
    }


def pipenv(tools: Tools, folder: Path, project: dict) -> dict[str, str]:
    text = '[[source]]\nurl = "INDEX"\nverify_ssl = true\nname = "index"\n'
    for title, asked in (
        ("packages", project["main"]),
        ("dev-packages", [one for group in project["groups"].values() for one in group]),
    ):
        text += f"[{title}]\n"
        for one in asked:
            name, extras, version, marker = re.fullmatch(
                r"([\w.-]+)(?:\[([\w,]+)\])?([^;]*?)(?:\s*;\s*(.+))?", one
            ).groups()
            parts = [f'version = "{version.strip() or "*"}"']
            parts += [f"extras = {json.dumps(extras.split(','))}"] if extras else []
            parts += [f"markers = {json.dumps(marker)}"] if marker else []
            text += f"{name} = {{ {', '.join(parts)} }}\n"
    text = text.replace("INDEX", tools.index)
    (folder / "Pipfile").write_text(text + '[requires]\npython_version = "3.11"\n')
    tools.run(folder, "pipenv", "lock", "-q")
    return {
        "pipfile-lock.json": (folder / "Pipfile.lock").read_text(),
        "pipfile.toml": (folder / "Pipfile").read_text(),
        "export.txt": tools.run(folder, "pipenv", "requirements", "--dev", "--hash"),
        "main.txt": tools.run(folder, "pipenv", "requirements"),
    }


def pip_tools(tools: Tools, folder: Path, project: dict) -> dict[str, str]:
    (folder / "requirements.in").write_text("\n".join(project["main"]) + "\n")
    tools.run(
        folder,
        "pip-compile",
        "-q",
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-header",
        "--no-emit-find-links",
        "--strip-extras",
        "requirements.in",
    )
    code = (
        "import json\nfrom pip._internal.req.req_file import parse_requirements\n"
        "from pip._internal.req.constructors import install_req_from_parsed_requirement as made\n"
        "from pip._internal.network.session import PipSession\n"
        "found = [made(i) for i in parse_requirements('requirements.txt', session=PipSession())]\n"
        "print(json.dumps([[i.name, str(i.specifier), str(i.markers or ''), sorted("
        "f'{k}:{v}' for k, vs in i.hash_options.items() for v in vs)] for i in found]))"
    )
    cut(folder / "requirements.txt")
    return {
        "compiled.txt": (folder / "requirements.txt").read_text(),
        "asked.txt": (folder / "requirements.in").read_text(),
        "export.json": tools.run(folder, "python", "-c", code),
    }


def pip_lock(tools: Tools, folder: Path, project: dict) -> dict[str, str]:
    tools.run(
        folder, "pip", "lock", "-q", "--only-binary=:all:", "-o", "pylock.toml", *project["main"]
    )
    return {"pylock-pip.toml": (folder / "pylock.toml").read_text()}


def installed(tools: Tools, folder: Path, project: dict) -> dict[str, str]:
    """The metadata of an environment, their descriptions left out, and how uv lists it."""
    (folder / "pyproject.toml").write_text(manifest(project))
    tools.run(folder, "uv", "sync", "-q", "--all-groups", "--all-extras")
    place = next(folder.glob(".venv/lib/python3*/site-packages"))
    found = {}
    for info in sorted(place.glob("*.dist-info")):
        head = (info / "METADATA").read_text().partition("\n\n")[0]
        kept = [
            line
            for line in head.split("\n")
            if re.match("(Metadata-|Name|Version|Requires-|Provides-Extra)", line)
        ]
        found[info.name] = {"METADATA": "\n".join(kept) + "\n", "INSTALLER": "uv"}
    return {
        "environment.json": json.dumps(found, indent=0),
        "list.json": tools.run(folder, "uv", "pip", "list", "-q", "--format", "json"),
    }


WRITERS: dict[str, Callable[[Tools, Path, dict], dict[str, str]]] = {
    "uv": uv,
    "poetry": poetry,
    "pdm": pdm,
    "pipenv": pipenv,
    "pip-tools": pip_tools,
}


def cut(file: Path, most: int = 2) -> None:
    """Keeps the first two hashes of each requirement of a compiled file."""
    kept, count = [], 0
    for line in file.read_text().split("\n"):
        count = count + 1 if "--hash=" in line else 0
        if count <= most:
            kept.append(line)
        elif not line.endswith("\\"):
            kept[-1] = kept[-1].removesuffix(" \\")
    file.write_text("\n".join(kept))


def shortened(files: dict[str, str], most: int = 2) -> dict[str, str]:
    """Keeps two files of each package in locks, and in the exports the hashes that are still there."""
    locks = [n for n in files if "lock" in n]
    if not locks:
        return files
    result = dict(files)
    result[locks[0]] = _shorter(locks[0], files[locks[0]], most)
    known = set(re.findall(r"\b[0-9a-f]{64}\b", result[locks[0]]))
    for name, text in files.items():
        if name in locks[1:]:  # another form of the same lock: the same files of each package
            result[name] = "\n".join(line for line in text.split("\n") if _is_known(line, known))
        elif "--hash=" in text:
            result[name] = _known(text, known)
    return result


def _is_known(line: str, known: set[str]) -> bool:
    if not re.match(r"(\s+\{|sdist = )", line):
        return True
    return any(value in known for value in re.findall(r"\b[0-9a-f]{64}\b", line))


def _known(text: str, known: set[str]) -> str:
    text = re.sub(
        r" \\\n\s+--hash=sha256:(\w+)", lambda m: m.group(0) if m.group(1) in known else "", text
    )
    return re.sub(
        r" --hash=sha256:(\w+)", lambda m: m.group(0) if m.group(1) in known else "", text
    )


def _shorter(name: str, text: str, most: int) -> str:
    if name.endswith(".json"):
        document = json.loads(text)
        for section in ("default", "develop"):
            for item in document[section].values():
                if "hashes" in item:
                    item["hashes"] = item["hashes"][:most]
        return json.dumps(document, indent=4) + "\n"
    kept, count = [], 0
    for line in text.split("\n"):
        row = re.match(r"\s+\{ ?(url|file) = ", line)
        count = count + 1 if row else 0
        if count <= most:
            kept.append(line)
    return "\n".join(kept)


def clean(text: str, index: str) -> str:
    """Without the address of any index."""
    text = re.sub(r"https://[\w.-]+/packages/[0-9a-f/]+/", "https://index.example/files/", text)
    host = index.removesuffix("/simple")
    text = text.replace(f"{index}/", index).replace(index, "https://index.example/simple")
    text = text.replace(host, "https://index.example")
    return re.sub(r"(?m)^(-i|--index-url|--extra-index-url) .*\n", "", text)


def main(place: str, index: str) -> None:
    tools = Tools(Path(place), index.rstrip("/"))
    for size, project in SIZES.items():  # of the largest, one file of each package has to do
        for tool, write in WRITERS.items():
            save(f"{tool}-{size}", tools, write, project, 1 if size == "many" else 2)
    save(
        "uv-workspace",
        tools,
        workspace,
        {**FEW, "main": [*FEW["main"], "stock", "shop-labels", "shop-stamps"]},
    )
    save("pip-lock", tools, pip_lock, SOME)
    save("environment", tools, installed, SOME)


def save(
    name: str, tools: Tools, write: Callable[..., dict[str, str]], project: dict, most: int = 2
) -> None:
    if (CORPUS / name).exists():
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "shop"
        folder.mkdir()
        try:
            found = write(tools, folder, project)
        except subprocess.CalledProcessError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return
    target = CORPUS / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    if most == 1:
        found = {file: text for file, text in found.items() if not file.startswith("pylock-")}
    for file, text in shortened(found, most).items():
        (target / file).write_text(clean(text, tools.index))


if __name__ == "__main__":
    main(*sys.argv[1:3])
