import asyncio
import shlex
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import DictLoader, Environment, TemplateError

ARTICLES = Path(__file__).resolve().parent / "articles"
LAYOUTS = {
    "short": "<b>{{ title }}</b>",
    "long": "<h1>{{ title }}</h1><p>{{ lead }}</p>",
}


class FolderStore:
    def __init__(self, folder: Path):
        self.folder = folder

    def locate(self, name: str) -> Path:
        return self.folder / name

    def read(self, name: str) -> str:
        file = self.locate(name)
        return file.read_text(errors="replace") if file.is_file() else ""


class ArchiveStore(FolderStore):
    def locate(self, name: str) -> Path:
        file = (self.folder / name).resolve()
        return file if file.is_relative_to(self.folder) else self.folder / "empty"


class Folder:
    def __init__(self, command: str):
        self.command = command

    async def _run(self, line: str, text: str) -> str:
        proc = await asyncio.create_subprocess_shell(
            line, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await proc.communicate(text.encode())
        return out.decode(errors="replace")

    async def convert(self, text: str, style: str) -> str:
        return await self._run(" ".join([self.command, style]), text)


class Translator(Folder):
    async def convert(self, text: str, style: str) -> str:
        return await self._run(shlex.join([self.command, "a-z", "--", style]), text)


class WebFetcher:
    hosts: frozenset[str] | None = None

    def accepts(self, address: str) -> bool:
        return urlsplit(address).scheme in ("http", "https")

    def fetch(self, address: str) -> int:
        if not self.accepts(address):
            return 0
        try:
            with urllib.request.urlopen(address, timeout=3) as answer:
                return len(answer.read(100_000))
        except (OSError, ValueError):
            return 0


class WireFetcher(WebFetcher):
    hosts = frozenset({"wire.northwind.example"})

    def accepts(self, address: str) -> bool:
        return super().accepts(address) and urlsplit(address).netloc in self.hosts


class SheetRenderer:
    env = Environment(autoescape=True)

    def render(self, layout: str, **values: str) -> str:
        try:
            return self.env.from_string(layout).render(**values)
        except TemplateError:
            return ""


class NamedRenderer:
    env = Environment(autoescape=True, loader=DictLoader(LAYOUTS))

    def render(self, layout: str, **values: str) -> str:
        name = layout if layout in LAYOUTS else "short"
        return self.env.get_template(name).render(**values)
