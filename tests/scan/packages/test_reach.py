"""How far a project comes to what has a weakness: projects of many shapes, each with the way that is to be found."""

from __future__ import annotations

from pathlib import Path

import pytest

from buckler.scan.engines.packages.reach.imports import Imports
from buckler.scan.engines.packages.reach.level import Level
from tests.scan.packages.reaching import ANOTHER_USER, LOCK, advisory, project, reach_in, told

APP = "from fastapi import FastAPI, Depends, BackgroundTasks, APIRouter, Request\n"

ROUTES = {
    "straight": (
        {
            "main.py": APP
            + "import yaml\napp = FastAPI()\n\n@app.post('/read')\ndef read(text: str):\n    return yaml.full_load(text)\n"
        },
        ["main.py:5 POST /read", "main.py:6 read()", "main.py:7 yaml.full_load"],
    ),
    "service and helper": (
        {
            "main.py": APP
            + "from shop.service import Service\napp = FastAPI()\n\n@app.post('/read')\ndef read(text: str):\n    return Service().read(text)\n",
            "shop/__init__.py": "",
            "shop/service.py": "from shop import helper\n\nclass Service:\n    def read(self, text):\n        return helper.parse(text)\n",
            "shop/helper.py": "import yaml\n\ndef parse(text):\n    return yaml.load(text)\n",
        },
        [
            "main.py:5 POST /read",
            "main.py:6 read()",
            "main.py:7 read()",
            "shop/service.py:5 parse()",
            "shop/helper.py:4 yaml.load",
        ],
    ),
    "router in another module": (
        {
            "main.py": APP
            + "from routes import router\napp = FastAPI()\napp.include_router(router, prefix='/v1')\n",
            "routes.py": APP
            + "from yaml import full_load as read_it\nrouter = APIRouter(prefix='/files')\n\n@router.get('/{name}')\ndef one(name: str):\n    return read_it(name)\n",
        },
        ["routes.py:5 GET /v1/files/{name}", "routes.py:6 one()", "routes.py:7 yaml.full_load"],
    ),
    "dependency": (
        {
            "main.py": APP
            + "import yaml as y\napp = FastAPI()\n\ndef parsed(text: str):\n    return y.load(text, Loader=y.Loader)\n\n@app.get('/x')\ndef x(doc=Depends(parsed)):\n    return 1\n",
        },
        ["main.py:8 GET /x", "main.py:5 parsed()", "main.py:6 yaml.load"],
    ),
    "background task": (
        {
            "main.py": APP
            + "import yaml\napp = FastAPI()\n\ndef later(text):\n    yaml.full_load(text)\n\n@app.post('/x')\ndef x(text: str, tasks: BackgroundTasks):\n    tasks.add_task(later, text)\n",
        },
        ["main.py:8 POST /x", "main.py:9 x()", "main.py:10 later()", "main.py:6 yaml.full_load"],
    ),
    "alias of the function": (
        {
            "main.py": APP
            + "import yaml\napp = FastAPI()\nread_all = yaml.full_load\n\n@app.post('/x')\ndef x(text: str):\n    return read_all(text)\n",
        },
        ["main.py:6 POST /x", "main.py:7 x()", "main.py:8 yaml.full_load"],
    ),
    "handed to a thread": (
        {
            "main.py": APP
            + "import yaml, asyncio\napp = FastAPI()\n\n@app.post('/x')\nasync def x(text: str):\n    return await asyncio.to_thread(yaml.full_load, text)\n",
        },
        ["main.py:5 POST /x", "main.py:6 x()", "main.py:7 yaml.full_load"],
    ),
    "loader by an argument": (
        {
            "main.py": APP
            + "import yaml\napp = FastAPI()\n\ndef parse(text, loader=yaml.SafeLoader):\n    return yaml.load(text, Loader=loader)\n\n@app.get('/safe')\ndef safe(text: str):\n    return parse(text)\n\n@app.get('/bad')\ndef bad(text: str):\n    return parse(text, yaml.FullLoader)\n",
        },
        ["main.py:12 GET /bad", "main.py:13 bad()", "main.py:14 parse()", "main.py:6 yaml.load"],
    ),
    "middleware": (
        {
            "main.py": APP
            + "import yaml\napp = FastAPI()\n\n@app.middleware('http')\nasync def look(request: Request, call_next):\n    yaml.full_load(request.headers['x'])\n    return await call_next(request)\n",
        },
        ["main.py:5 every request: look()", "main.py:6 look()", "main.py:7 yaml.full_load"],
    ),
}


@pytest.mark.parametrize("shape", ROUTES)
def test_the_way_of_a_request_is_shown_call_by_call(shape: str, tmp_path: Path) -> None:
    sources, steps = ROUTES[shape]
    reach = reach_in(project(tmp_path, sources))
    assert (reach.level, told(reach)) == (Level.ROUTE, steps)


CODE = {
    "at import": (
        {"main.py": APP + "import yaml\nSETTINGS = yaml.full_load(open('x'))\napp = FastAPI()\n"},
        ["main.py:1 import of main.py", "main.py:3 yaml.full_load"],
    ),
    "at start-up": (
        {
            "main.py": APP
            + "import yaml\n\nasync def lifespan(app):\n    yaml.full_load('x')\n    yield\n\napp = FastAPI(lifespan=lifespan)\n",
        },
        ["main.py:8 start-up: lifespan()", "main.py:4 lifespan()", "main.py:5 yaml.full_load"],
    ),
    "in a command": (
        {
            "main.py": APP + "app = FastAPI()\n",
            "manage.py": "import yaml\n\ndef load(text):\n    return yaml.full_load(text)\n\nclass Command:\n    def run(self, path):\n        return load(path)\n",
        },
        ["manage.py:3 load()", "manage.py:4 yaml.full_load"],
    ),
}


@pytest.mark.parametrize("shape", CODE)
def test_what_no_request_comes_to_is_called_all_the_same(shape: str, tmp_path: Path) -> None:
    sources, steps = CODE[shape]
    reach = reach_in(project(tmp_path, sources))
    assert reach.level is Level.CALLED
    assert told(reach)[-1] == steps[-1]
    assert told(reach)[0].split(" ", 1)[1] == steps[0].split(" ", 1)[1]


SAFE = {
    "another function": "import yaml\n\ndef read(text):\n    return yaml.safe_load(text)\n",
    "a safe loader": "import yaml\n\ndef read(text):\n    return yaml.load(text, Loader=yaml.SafeLoader)\n",
    "a safe loader of its own": "import yaml\n\nclass Own(yaml.SafeLoader):\n    pass\n\ndef read(text):\n    return yaml.load(text, Own)\n",
    "another package": "import json\nimport yaml\n\ndef read(other):\n    yaml.safe_dump(other)\n    return json.load(other)\n",
}


@pytest.mark.parametrize("shape", SAFE)
def test_what_is_not_called_is_said_to_be_so(shape: str, tmp_path: Path) -> None:
    main = (
        APP
        + "import work\napp = FastAPI()\n\n@app.get('/x')\ndef x(q: str):\n    return work.read(q)\n"
    )
    reach = reach_in(project(tmp_path, {"main.py": main, "work.py": SAFE[shape]}))
    line = SAFE[shape].splitlines().index("import yaml") + 1
    assert (reach.level, told(reach)) == (Level.NOT_CALLED, [f"work.py:{line} import yaml"])


UNSEEN = {
    "getattr": "import yaml\n\ndef read(text, how):\n    return getattr(yaml, how)(text)\n",
    "the module handed on": "import yaml\nimport other\n\ndef read(text):\n    return other.read(yaml, text)\n",
    "a star": "from yaml import *\n\ndef read(text):\n    return 1\n",
    "importlib": "import yaml\nfrom importlib import import_module\n\ndef read(text):\n    return import_module('ya' + 'ml').safe_load(text)\n",
    "importlib by name": "import yaml\nimport importlib\n\ndef read(text):\n    m = importlib.import_module('yaml')\n    return m.safe_load(text)\n",
    "sys.modules": "import yaml\nimport sys\n\ndef read(text):\n    return sys.modules['yaml'].safe_load(text)\n",
    "exec": "import yaml\n\ndef read(text):\n    exec(text)\n",
    "the function handed on": "import yaml\nimport other\n\ndef read(text):\n    return other.call(text, yaml.full_load)\n",
    "by its name in a text": "import yaml\nimport other\n\ndef read(text):\n    return other.call(text, 'yaml.full_load')\n",
    "from a module of its own": "from compat import yaml\n\ndef read(text):\n    return yaml.full_load(text) if 0 else 1\n",
    "a loader that is not known": "import yaml\nimport other\n\ndef unused(text):\n    def inner():\n        return yaml.load(text, Loader=other.LOADER)\n    return 1\n\ndef read(text):\n    return 1\n",
}


@pytest.mark.parametrize("shape", UNSEEN)
def test_nothing_is_said_of_what_cannot_be_seen(shape: str, tmp_path: Path) -> None:
    main = (
        APP
        + "import work\napp = FastAPI()\n\n@app.get('/x')\ndef x(q: str):\n    return work.read(q)\n"
    )
    sources = {"main.py": main, "work.py": UNSEEN[shape], "compat.py": "import yaml\n"}
    assert reach_in(project(tmp_path, sources)).level is Level.IMPORTED


USES = {
    "main.py": APP
    + "import yaml\napp = FastAPI()\n\n@app.get('/x')\ndef x(q: str):\n    return yaml.safe_load(q)\n"
}


@pytest.mark.parametrize(
    ("lock", "file"),
    [(ANOTHER_USER, "uv.lock"), ("fastapi==0.165.0\npyyaml==5.3.1\n", "requirements.txt")],
    ids=["another package brings it", "nobody says who brings it"],
)
def test_another_package_may_call_it(lock: str, file: str, tmp_path: Path) -> None:
    folder = project(tmp_path, USES)
    (folder / "uv.lock").unlink()
    (folder / file).write_text(lock)
    assert reach_in(folder).level is Level.IMPORTED


def test_a_file_that_does_not_parse_leaves_it_open(tmp_path: Path) -> None:
    assert reach_in(project(tmp_path / "whole", USES)).level is Level.NOT_CALLED
    folder = project(tmp_path / "broken", {**USES, "other.py": "def broken(:\n"})
    assert reach_in(folder).level is Level.IMPORTED


def test_tests_do_not_count(tmp_path: Path) -> None:
    tests = {"tests/test_x.py": "import yaml\n\ndef test_x():\n    yaml.full_load('x')\n"}
    assert reach_in(project(tmp_path, {**USES, **tests})).level is Level.NOT_CALLED


def test_where_nobody_names_symbols_the_package_counts(tmp_path: Path) -> None:
    said = advisory(name="CVE-2026-1")
    reach = reach_in(project(tmp_path, USES, record=said))
    assert (reach.level, reach.operation) == (Level.ENTERED, "GET /x")
    assert told(reach)[-1] == "main.py:7 yaml.safe_load"


def test_what_a_record_names_is_found_and_never_said_to_be_left_out(tmp_path: Path) -> None:
    affected = [
        {
            "package": {"ecosystem": "PyPI", "name": "PyYAML"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "5.4"}]}],
            "ecosystem_specific": {"imports": [{"attribute": "safe_load", "modules": ["yaml"]}]},
        }
    ]
    found = advisory(name="CVE-2026-1", affected=affected)
    assert reach_in(project(tmp_path / "1", USES, record=found)).level is Level.ROUTE
    affected[0]["ecosystem_specific"] = {"imports": [{"attribute": "scan", "modules": ["yaml"]}]}
    other = advisory(name="CVE-2026-1", affected=affected)
    assert reach_in(project(tmp_path / "2", USES, record=other)).level is Level.IMPORTED


def test_what_is_only_brought_stays_brought(tmp_path: Path) -> None:
    sources = {"main.py": APP + "app = FastAPI()\n"}
    lock = ANOTHER_USER.replace(', { name = "pyyaml" }]\n\n[[package]]\nname = "shop"', "")
    lock = lock.replace('{ name = "fastapi" }, { name = "pyyaml" }', '{ name = "fastapi" }')
    reach = reach_in(project(tmp_path, sources, lock=lock))
    assert (reach.level, reach.by) == (Level.BROUGHT, "fastapi")


FORM_LOCK = LOCK.replace('name = "pyyaml"', 'name = "python-multipart"')
FORMS = {
    "a parameter": (
        "GET /x",
        "from fastapi import Form\napp = FastAPI()\n\n@app.get('/x')\ndef x(a: str = Form()):\n    return a\n",
    ),
    "an upload": (
        "POST /up",
        "from fastapi import UploadFile\napp = FastAPI()\n\n@app.post('/up')\ndef x(a: UploadFile):\n    return 1\n",
    ),
    "in a dependency": (
        "POST /up",
        "from fastapi.security import OAuth2PasswordRequestForm\napp = FastAPI()\n\n@app.post('/up')\ndef x(a: OAuth2PasswordRequestForm = Depends()):\n    return 1\n",
    ),
    "by the request": (
        "POST /up",
        "app = FastAPI()\n\n@app.post('/up')\nasync def x(request: Request):\n    return await request.form()\n",
    ),
}


@pytest.mark.parametrize("shape", FORMS)
def test_a_form_is_parsed_by_a_package_that_nobody_imports(shape: str, tmp_path: Path) -> None:
    operation, source = FORMS[shape]
    said = advisory("python-multipart", "CVE-2024-24762")
    folder = project(tmp_path, {"main.py": APP + source}, lock=FORM_LOCK, record=said)
    reach = reach_in(folder, "python-multipart")
    assert (reach.level, reach.operation) == (Level.ROUTE, operation)


def test_without_a_form_the_parser_is_not_come_to_by_a_route(tmp_path: Path) -> None:
    said = advisory("python-multipart", "CVE-2024-24762")
    source = APP + "app = FastAPI()\n\n@app.get('/x')\ndef x(a: str):\n    return a\n"
    folder = project(tmp_path, {"main.py": source}, lock=FORM_LOCK, record=said)
    assert reach_in(folder, "python-multipart").level is Level.BROUGHT


def test_a_filter_of_a_template_is_a_call(tmp_path: Path) -> None:
    lock = LOCK.replace('name = "pyyaml"', 'name = "jinja2"')
    main = (
        APP
        + "from fastapi.templating import Jinja2Templates\napp = FastAPI()\npages = Jinja2Templates('templates')\n\n@app.get('/x')\ndef x(request: Request, q: str):\n    return pages.TemplateResponse(request, 'x.html', {'q': q})\n"
    )
    sources = {
        "main.py": main,
        "templates/x.html": "{% extends 'base.html' %}\n<p>{{ q }}</p>",
        "templates/base.html": "<html>\n<p {{ {'a': q}|xmlattr }}></p>",
    }
    said = advisory("jinja2", "CVE-2024-22195")
    reach = reach_in(project(tmp_path, sources, lock=lock, record=said), "jinja2")
    assert reach.level is Level.ROUTE
    assert told(reach)[-1] == "templates/base.html:2 jinja2.filters.do_xmlattr"


def test_what_answers_requests_once_it_is_made_is_come_to(tmp_path: Path) -> None:
    lock = LOCK.replace('name = "pyyaml"', 'name = "aiohttp"')
    said = advisory("aiohttp", "CVE-2024-23334")
    bad = "from aiohttp import web\n\napp = web.Application()\napp.router.add_static('/s', 's', follow_symlinks=True)\n"
    folder = project(tmp_path / "bad", {"main.py": bad}, lock=lock, record=said)
    assert (
        told(reach_in(folder, "aiohttp"))[-1]
        == "main.py:4 aiohttp.web.Application.router.add_static, which answers requests"
    )
    good = bad.replace(", follow_symlinks=True", "")
    folder = project(tmp_path / "good", {"main.py": good}, lock=lock, record=said)
    assert reach_in(folder, "aiohttp").level is Level.IMPORTED


CONDITIONS = [
    ("numpy", "CVE-2019-6446", "numpy.load(q)", Level.ROUTE),
    ("numpy", "CVE-2019-6446", "numpy.load(q, None, True)", Level.ROUTE),
    ("numpy", "CVE-2019-6446", "numpy.load(q, allow_pickle=True)", Level.ROUTE),
    ("numpy", "CVE-2019-6446", "numpy.load(q, allow_pickle=False)", Level.IMPORTED),
    ("ujson", "CVE-2021-45958", "ujson.dumps(q, indent=4)", Level.ROUTE),
    ("ujson", "CVE-2021-45958", "ujson.dumps(q)", Level.NOT_CALLED),
    ("ujson", "CVE-2021-45958", "ujson.dumps(*options())", Level.ROUTE),
    ("ujson", "CVE-2021-45958", "ujson.dumps(q, **{'sort_keys': True})", Level.NOT_CALLED),
    ("ujson", "CVE-2021-45958", "ujson.dumps(q, **{'indent': 2})", Level.ROUTE),
    ("ujson", "CVE-2021-45958", "ujson.dumps(q, **options())", Level.ROUTE),
    ("orjson", "CVE-2024-27454", "orjson.dumps(q)", Level.NOT_CALLED),
    ("orjson", "CVE-2024-27454", "orjson.loads(q)", Level.ROUTE),
    ("sqlparse", "CVE-2021-32839", "sqlparse.format(q, strip_comments=True)", Level.ROUTE),
    ("sqlparse", "CVE-2021-32839", "sqlparse.format(q, reindent=True)", Level.IMPORTED),
    ("requests", "CVE-2023-32681", "requests.Session().get(q)", Level.ROUTE),
    ("pillow", "CVE-2022-22817", "PIL.ImageMath.eval(q)", Level.ROUTE),
]


@pytest.mark.parametrize(("package", "name", "call", "expected"), CONDITIONS)
def test_a_call_counts_by_what_it_is_given(
    package: str, name: str, call: str, expected: Level, tmp_path: Path
) -> None:
    module = call.partition(".")[0]
    source = f"{APP}import json\nimport {module}\napp = FastAPI()\n\ndef options():\n    return json.loads(open('o').read())\n\n@app.get('/x')\ndef x(q: str):\n    return {call}\n"
    lock = LOCK.replace('name = "pyyaml"', f'name = "{package}"')
    said = advisory(package, name)
    folder = project(tmp_path, {"main.py": source}, lock=lock, record=said)
    assert reach_in(folder, package).level is expected


def test_a_function_that_is_called_in_too_many_ways_leaves_it_open(tmp_path: Path) -> None:
    def source(count: int) -> str:
        calls = "".join(f"    parse(q, {n})\n" for n in range(count))
        return f"{APP}import yaml\napp = FastAPI()\n\ndef parse(q, n):\n    return yaml.load(q, Loader=yaml.SafeLoader)\n\n@app.get('/x')\ndef x(q: str):\n{calls}    return 1\n"

    few, many = ({"main.py": source(count)} for count in (5, 40))
    assert reach_in(project(tmp_path / "few", few)).level is Level.NOT_CALLED
    assert reach_in(project(tmp_path / "many", many)).level is Level.IMPORTED


def test_a_call_that_was_followed_before_counts_for_the_request(tmp_path: Path) -> None:
    source = f"{APP}import yaml\napp = FastAPI()\n\ndef parse(text):\n    return yaml.full_load(text)\n\nSETTINGS = parse('a: 1')\n\n@app.get('/x')\ndef x():\n    return parse('a: 1')\n"
    reach = reach_in(project(tmp_path, {"main.py": source}))
    assert (reach.level, reach.operation) == (Level.ROUTE, "GET /x")


def test_an_import_of_endless_parts_costs_no_more_than_its_length(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(f"from {'.'.join('a' * 40_000)} import x\nimport yaml\n")
    imports = Imports(tmp_path)
    assert imports.of(["yaml"]) == ("main.py", 2, "import yaml")
    assert imports.of(["a.a.a"]) is not None
    assert imports.of([".".join("a" * 100)]) is None
