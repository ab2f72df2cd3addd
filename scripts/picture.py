"""Makes docs/images/scan.png: the report of a scan of examples/insecure_shop, as a terminal shows it."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.terminal_theme import TerminalTheme

from buckler.core import settings as settings_file
from buckler.scan.discover import discover
from buckler.scan.engines.app.session import Options
from buckler.scan.formats.text import print_report
from buckler.scan.scanner import Scanner, load_rules

ROOT = Path(__file__).parent.parent
SHOP = ROOT / "examples/insecure_shop"
FINDINGS = 3
PAGE = """<!DOCTYPE html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 24px; background: #101418; display: inline-block }}
pre {{ margin: 0; font: 14px/1.35 "DejaVu Sans Mono", monospace; color: #d8dee6 }}
{stylesheet}</style><pre>{code}</pre>"""

COLOURS = [
    *((72, 80, 92), (222, 62, 62), (110, 200, 130), (226, 184, 84)),
    *((120, 170, 250), (208, 140, 236), (94, 200, 212), (255, 255, 255)),
]
THEME = TerminalTheme((16, 20, 24), (216, 222, 230), COLOURS, COLOURS)
"""Those of a terminal of today: what is red by the oldest table cannot be read on a dark ground."""


def main() -> None:
    """Scan, render, photograph."""
    settings = settings_file.load(SHOP)
    target = discover(str(SHOP), settings)
    report = Scanner(target, settings, Options(), load_rules(settings, SHOP)).scan()
    console = Console(
        record=True,
        width=104,
        force_terminal=True,
        file=io.StringIO(),
        highlight=False,
        color_system="truecolor",
    )
    print_report(report, console, limit=FINDINGS)
    html = console.export_html(theme=THEME, code_format=PAGE, inline_styles=False)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder, "page.html")
        page_file.write_text(html, encoding="utf-8")
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1100, "height": 600}, device_scale_factor=1.5)
        page.goto(page_file.as_uri())
        page.locator("body").screenshot(path=str(ROOT / "docs/images/scan.png"))
        browser.close()


if __name__ == "__main__":
    main()
