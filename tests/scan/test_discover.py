"""Where the application is found: as ``fastapi dev`` finds it, as people name it, or by search.

Finding it and importing it are two things, so the places that matter are scanned for real, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from buckler.core.errors import TargetError
from buckler.core.settings import Settings, load
from buckler.scan.discover import DEFAULT_FILES, discover
from buckler.scan.target import Target

APP = "from fastapi import FastAPI\n\n{name} = FastAPI(title='{name}')\n\n\n@{name}.get('/{name}')\ndef home() -> str:\n    return 'x'\n"
FACTORY = (
    "from fastapi import FastAPI\n\n\n"
    "def create_app() -> FastAPI:\n    made = FastAPI()\n\n"
    "    @made.get('/made')\n    def home() -> str:\n        return 'x'\n\n    return made\n"
)
Project = Callable[[dict[str, str]], Path]


def app(name: str = "app") -> str:
    return APP.format(name=name)


def find(folder: Path, name: str | None = None) -> Target:
    settings = load(folder)
    return discover(str(folder), replace(settings, app=name) if name else settings)


def labels(target: Target) -> list[str]:
    return [application.label for application in target.applications]


def operations(scan, folder: Path, **changes) -> list[str]:
    report = scan(folder, select=("HDR001",), **changes)
    assert not report.failed, report.failed
    return [item.operation for item in report.coverage.operations]


@pytest.mark.parametrize("file", DEFAULT_FILES)
def test_the_files_that_fastapi_dev_tries(file: str, project: Project) -> None:
    folder = project({file: app(), "zzz/other.py": app("other")})
    assert labels(find(folder)) == [
        file.removesuffix(".py").replace("/", ".").split(".")[-1] + ":app"
    ]


def test_they_are_in_the_order_of_fastapi_dev() -> None:
    """``get_default_path`` of fastapi_cli/discover.py."""
    tried = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")
    assert tried == DEFAULT_FILES


def test_the_order_of_these_files(project: Project) -> None:
    folder = project({"main.py": app("first"), "app.py": app("second"), "api.py": app("third")})
    assert labels(find(folder)) == ["main:first"]
    (folder / "main.py").unlink()
    assert labels(find(folder)) == ["app:second"]


def test_a_default_file_without_an_application_is_passed_over(project: Project) -> None:
    folder = project({"main.py": "print('a script')\n", "app.py": app()})
    assert labels(find(folder)) == ["app:app"]


def test_a_package_is_imported_by_its_dotted_name(project: Project, scan) -> None:
    folder = project(
        {
            "app/__init__.py": "",
            "app/main.py": "from app.words import WORD\n" + app(),
            "app/words.py": "WORD = 'x'\n",
        }
    )
    assert labels(find(folder)) == ["app.main:app"]
    assert operations(scan, folder) == ["GET /app"]


def test_entrypoint_of_fastapi(project: Project, scan) -> None:
    table = '[tool.fastapi]\nentrypoint = "shop.web:api"\n'
    folder = project({"pyproject.toml": table, "main.py": app(), "shop/web.py": app("api")})
    assert labels(find(folder)) == ["shop.web:api"]
    assert operations(scan, folder) == ["GET /api"]


def test_our_own_setting_comes_before_it(project: Project) -> None:
    table = '[tool.fastapi]\nentrypoint = "main:app"\n[tool.buckler]\napp = "other:api"\n'
    folder = project({"pyproject.toml": table, "main.py": app(), "other.py": app("api")})
    assert labels(find(folder)) == ["other:api"]


def test_a_path_to_a_file(project: Project) -> None:
    folder = project({"main.py": app(), "tools/extra.py": app("extra"), "pyproject.toml": ""})
    target = discover(str(folder / "tools/extra.py"), Settings())
    assert labels(target) == ["extra:extra"]
    assert target.folder == folder.resolve()


def test_a_file_that_is_not_python(project: Project) -> None:
    folder = project({"notes.txt": "x"})
    with pytest.raises(TargetError, match="not a Python file"):
        discover(str(folder / "notes.txt"), Settings())


def test_module_and_name(project: Project, monkeypatch: pytest.MonkeyPatch, scan) -> None:
    folder = project({"shop/web.py": app("one") + app("two")})
    monkeypatch.chdir(folder)
    target = discover("shop.web:two", Settings())
    assert labels(target) == ["shop.web:two"]
    assert target.folder == folder
    assert operations(scan, folder, app="shop.web:two") == ["GET /two"]


def test_a_module_that_is_not_there(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project({"main.py": app()}))
    with pytest.raises(TargetError, match="no module 'mian'"):
        discover("mian:app", Settings())
    with pytest.raises(TargetError, match="does not exist"):
        discover("nowhere/at/all", Settings())


@pytest.mark.parametrize("named", [None, "main:create_app"])
def test_a_factory(named: str | None, project: Project, scan) -> None:
    folder = project({"main.py": FACTORY})
    assert operations(scan, folder, app=named) == ["GET /made"]


def test_a_factory_in_a_file_that_is_named(project: Project, scan) -> None:
    folder = project({"made.py": FACTORY, "main.py": app()})
    assert operations(scan, folder, app="made.py") == ["GET /made"]


def test_a_factory_that_is_found_by_search(project: Project, scan) -> None:
    assert operations(scan, project({"shop/web.py": FACTORY})) == ["GET /made"]


def test_what_a_factory_made_comes_before_the_factory(project: Project) -> None:
    folder = project({"main.py": FACTORY + "\n\nserved = create_app()\n"})
    assert labels(find(folder)) == ["main:served"]


def test_the_src_layout(project: Project, scan) -> None:
    folder = project(
        {
            "src/shop/__init__.py": "",
            "src/shop/web.py": "from shop.words import WORD\n" + app(),
            "src/shop/words.py": "WORD = 'x'\n",
            "tests/test_shop.py": app("no"),
        }
    )
    assert labels(find(folder)) == ["shop.web:app"]
    assert labels(find(folder, "shop.web:app")) == ["shop.web:app"]
    assert operations(scan, folder) == ["GET /app"]


def test_two_services_in_one_repository(project: Project, scan) -> None:
    folder = project(
        {
            "services/orders/__init__.py": "",
            "services/orders/server.py": app("orders"),
            "services/users/server.py": app("users"),
            "services/users/tests/conftest.py": app("no"),
            "services/users/tests/helpers.py": app("no"),
            "services/users/.venv/lib/thing.py": app("no"),
        }
    )
    assert labels(find(folder)) == ["orders.server:orders", "server:users"]
    assert sorted(operations(scan, folder)) == ["GET /orders", "GET /users"]


def test_of_a_mounted_application_only_the_outer_one(project: Project, scan) -> None:
    outer = "from shop.inner import inner\n" + app("outer") + "\n\nouter.mount('/in', inner)\n"
    folder = project(
        {"shop/__init__.py": "", "shop/inner.py": app("inner"), "shop/outer.py": outer}
    )
    assert labels(find(folder)) == ["shop.outer:outer"]
    assert sorted(operations(scan, folder)) == ["GET /in/inner", "GET /outer"]


def test_two_modules_of_one_name_are_two_applications(project: Project, scan) -> None:
    folder = project({"a/server.py": app("one"), "b/server.py": app("two")})
    assert labels(find(folder)) == ["server:one", "server:two"]
    assert sorted(operations(scan, folder)) == ["GET /one", "GET /two"]


def test_nothing_to_find(project: Project) -> None:
    target = find(project({"tool.py": "x = 1\n"}))
    assert target.applications == ()
    assert "no FastAPI application" in target.why


def test_a_class_of_ones_own(project) -> None:
    text = app().replace("FastAPI(title", "Shop(title")
    text = text.replace(
        "\n\n", "\n\n\nclass Base(FastAPI):\n    pass\n\n\nclass Shop(Base):\n    pass\n\n\n", 1
    )
    assert labels(find(project({"web.py": text}))) == ["web:app"]


def test_a_class_from_another_file(project) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/site.py": "from fastapi import FastAPI\n\n\nclass Site(FastAPI):\n    pass\n",
        "shop/main.py": "from .site import Site\n\napp = Site()\n",
        "main.py": "from shop.main import app\n",
    }
    assert labels(find(project(files))) == ["main:app"]


def test_a_factory_from_another_file_that_needs_arguments(project) -> None:
    made = FACTORY.replace("create_app()", "create_app(name: str)")
    files = {"main.py": "from made import create_app\n\napi = create_app('x')\n", "made.py": made}
    assert labels(find(project(files))) == ["main:api"]


def test_one_that_is_wrapped(project, scan) -> None:
    text = app("inner").replace("inner = FastAPI(title='inner')", "inner = FastAPI()")
    text = "from starlette.middleware.cors import CORSMiddleware\n" + text.replace(
        "inner =", "app ="
    )
    text = text.replace("@inner", "@app") + "\n\nhardened = CORSMiddleware(app)\n"
    assert labels(find(project({"web.py": text}), "web:hardened")) == ["web:hardened"]
    report = scan(project({"web.py": text}), app="web:hardened")
    assert report.coverage.reached_share == 1.0
    assert len(report.coverage.operations) == 1


def test_what_takes_an_application_is_not_always_one(project) -> None:
    text = (
        app()
        + "\n\nguard = Guard(app, secret='x')\nlimiter = Limiter(app=app)\nouter = CORSMiddleware(app)\n"
    )
    assert labels(find(project({"shop.py": text}))) == ["shop:app", "shop:outer"]


MOUNTED = app("inner") + app("{outer}") + "\n\n{outer}.mount('/inner', inner)\n"


@pytest.mark.parametrize("file", ["main.py", "shop/web.py"])
@pytest.mark.parametrize("outer", ["app", "outer"])
def test_what_is_mounted_in_another_one_of_the_file_is_scanned_there(
    file: str, outer: str, project: Project, scan
) -> None:
    folder = project({file: MOUNTED.replace("{outer}", outer)})
    target = find(folder)
    assert [label.partition(":")[2] for label in labels(target)] == [outer]
    assert target.others == ()
    assert sorted(operations(scan, folder)) == sorted(["GET /inner/inner", f"GET /{outer}"])


def test_the_names_that_fastapi_dev_prefers(project: Project) -> None:
    """``get_app_name`` of fastapi_cli/discover.py: ``app``, then ``api``, then any other."""
    assert labels(find(project({"main.py": app("one") + app("api") + app("app")}))) == ["main:app"]
    assert labels(find(project({"main.py": app("one") + app("api")}))) == ["main:api"]


def test_a_second_application_of_the_file_is_said_not_to_be_looked_at(
    project: Project, scan
) -> None:
    folder = project({"main.py": app("public") + app("admin") + "\n\nouter = GZip(public)\n"})
    target = find(folder)
    assert (labels(target), [one.label for one in target.others]) == (
        ["main:public"],
        ["main:admin"],
    )
    gaps = [
        gap for gap in scan(folder, select=("HDR001",)).coverage.gaps if gap.what == "main:admin"
    ]
    assert [gap.how_to_include for gap in gaps] == ["buckler scan main:admin"]
    assert find(folder, "main:admin").others == ()


def test_a_factory_that_has_to_be_awaited_is_named(project: Project) -> None:
    made = FACTORY.replace("def create_app", "async def create_app")
    target = find(project({"shop/web.py": made}))
    assert labels(target) == []
    assert "create_app in shop/web.py has to be awaited" in target.why


def test_who_imports_an_application_is_none_himself(project) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/web.py": app(),
        "shop/seed.py": "from fastapi import FastAPI\nfrom shop.web import app\n",
    }
    assert labels(find(project(files))) == ["shop.web:app"]


def test_files_that_import_each_other(project) -> None:
    files = {
        "one.py": "from two import app\nfrom fastapi import FastAPI\n",
        "two.py": "from one import FastAPI\n\napp = FastAPI()\n",
    }
    assert labels(find(project(files))) == ["two:app"]


@pytest.mark.parametrize(
    ("main", "found"),
    [
        ("from warehouse.web import create_app\n\napp = create_app()\n", ["main:app"]),
        ("from warehouse.web import create_app\n\nthing = create_app()\n", []),
        ("from typer import Typer\n\napp = Typer()\n", []),
        ("from shop import create_app\n\napp = create_app()\n", []),
    ],
)
def test_a_factory_of_a_package_that_is_installed_counts_where_fastapi_dev_looks(
    project: Project, main: str, found: list[str]
) -> None:
    own = "from flask import Flask\n\n\ndef create_app():\n    return Flask('shop')\n"
    assert labels(find(project({"main.py": main, "shop.py": own}))) == found
