"""Projects with PyYAML of which is said, or is not, that nothing in them leads to a function that makes any object.

Each of ``HIDDEN`` comes to one in a way that was tried on a scanner or stands in real applications, or may come to one;
``OPEN`` are what ordinary applications do.
"""

from __future__ import annotations

import json

MAIN = "from fastapi import FastAPI\nimport yaml\nimport work\napp = FastAPI()\n\n@app.get('/x')\ndef x(q: str):\n    return yaml.safe_load(q)\n"
NOTEBOOK = {
    "cells": [{"cell_type": "code", "source": ["%time\n", "import yaml\n", "yaml.%s('x')"]}]
}


def notebook(function: str) -> str:
    return json.dumps(NOTEBOOK).replace("%s", function)


def cells(*lines: str) -> str:
    """A notebook whose cells have one of these each, beside an import."""
    every = ("import yaml, json", *lines)
    return json.dumps({"cells": [{"cell_type": "code", "source": [one]} for one in every]})


LOADS = "import yaml\nread = yaml.full_load\n"
GIVEN = "import yaml\n\ndef f(x):\n    return yaml.load(x, Loader=%s)\n"
TWO = "try:\n    from yaml import CSafeLoader as L\nexcept ImportError:\n    from yaml import SafeLoader as L\n"


HIDDEN: dict[str, dict[str, str]] = {
    # classes and functions of submodules
    "loader module": {"work.py": "import yaml.loader\n\nclass L(yaml.loader.UnsafeLoader):\n    x = 1\n"},
    "constructor module": {
        "work.py": "from yaml.constructor import UnsafeConstructor as C\n\ndef f(n):\n    g(C, n)\n"
    },
    "c loader": {"work.py": "from yaml import cyaml\n\ndef f(n):\n    g(cyaml.CUnsafeLoader, n)\n"},
    "list of loaders": {"work.py": "import yaml\n\nL = yaml.YAMLObject\n\ndef f(n):\n    g(L, n)\n"},
    # by other names of the project's own modules
    "renamed in a module": {
        "compat.py": "import yaml as y\n",
        "work.py": "import compat\n\ndef f(n, name):\n    return getattr(compat.y, name)(n)\n",
    },
    "renamed twice": {
        "one.py": "import yaml as y\n",
        "work.py": "from one import y as z\n\ndef f(n, name):\n    return getattr(z, name)(n)\n",
    },
    "star of an own module": {
        "compat.py": "import yaml as y\n",
        "work.py": "from compat import *\n\ndef f(n, name):\n    return getattr(y, name)(n)\n",
    },
    "star of the package": {
        "compat.py": "from yaml import *\n",
        "work.py": "import compat\n\ndef f(n):\n    return n\n",
    },
    "stars on stars": {
        "one.py": "from yaml import *\n",
        "two.py": "from one import *\n",
        "work.py": "from two import *\n",
    },
    "all of a module": {
        "compat.py": "from yaml import unsafe_load as u\n__all__ = ['u']\n",
        "work.py": "from compat import *\n\ndef f(n):\n    return g(u, n)\n",
    },
    "attribute of an own module": {
        "work.py": "import main\n\ndef f(n, a, b):\n    return getattr(getattr(main, a), b)(n)\n"
    },
    "own module in a relative import": {
        "pack/__init__.py": "",
        "pack/compat.py": "import yaml\n",
        "work.py": "from pack.inner import h\n",
        "pack/inner.py": "from . import compat\n\ndef h(n, a, b):\n    g(compat, n, a, b)\n",
    },
    "dictionary of an own module": {
        "compat.py": "import yaml\n",
        "work.py": "import compat\n\ndef f(n, a, b):\n    return getattr(compat.__dict__[a], b)(n)\n",
    },
    # modules in variables
    "alias of the module": {"work.py": "import yaml\nY = yaml\n\ndef f(n, a):\n    return getattr(Y, a)(n)\n"},
    "given to a function": {"work.py": "import yaml\n\ndef f(n, a):\n    return g(yaml, a, n)\n"},
    "in a dictionary": {"work.py": "import yaml, json\nCODECS = {'y': yaml, 'j': json}\n"},
    "global of templates": {
        "work.py": "import yaml\nfrom jinja2 import Environment\nE = Environment()\nE.globals['conf'] = yaml\n",
        "templates/x.html": "{{ conf[a](b) }}",
    },
    "submodule in a variable": {
        "work.py": "import yaml\nL = yaml.loader\n\ndef f(n, a):\n    return getattr(L, a)(n)\n"
    },
    "default of a parameter": {"work.py": "import yaml\n\ndef f(n, a, m=yaml):\n    return g(m, a, n)\n"},
    "imported in a function": {
        "work.py": "def m():\n    import yaml as inner\n    return inner\n\ndef f(n, a):\n    return getattr(m(), a)(n)\n"
    },
    "global of a function": {
        "work.py": "import yaml\n\ndef f(n, a):\n    return yaml.safe_load.__globals__[a](n)\n"
    },
    "members of it": {"work.py": "import inspect, yaml\nALL = dict(inspect.getmembers(yaml))\n"},
    "vars of it": {"work.py": "import yaml\n\ndef f(n, a):\n    return vars(yaml)[a](n)\n"},
    "dictionary of it": {"work.py": "import yaml\n\ndef f(n, a):\n    return yaml.__dict__[a](n)\n"},
    "asked by a name in two parts": {
        "work.py": "import yaml\n\ndef f(n, *a):\n    return getattr(yaml, '_'.join(a))(n)\n"
    },
    "a comprehension has the same name": {
        "work.py": "import yaml\n\ndef f(n):\n    a = [yaml for yaml in n]\n    return g(yaml, a)\n"
    },
    "an inner function asks for the global": {
        "work.py": "import yaml\n\ndef f(n):\n    yaml = n\n    def h():\n        global yaml\n        return g(yaml, n)\n    return h, yaml\n"
    },
    "in a loop": {"work.py": "import yaml, json\n\ndef f(n, a):\n    for m in (yaml, json):\n        g(m, a, n)\n"},
    "own modules in a loop": {
        "compat.py": "import yaml\n",
        "work.py": "import compat, main\n\ndef f(n, a):\n    for m in (compat, main):\n        g(m, a, n)\n",
    },
    "own modules in a comprehension": {
        "compat.py": "import yaml\n",
        "work.py": "import compat, main\n\ndef f(n, a):\n    return [getattr(m.yaml, a)(n) for m in [compat, main]]\n",
    },
    "attribute of a class": {
        "work.py": "class C:\n    import yaml as y\n\ndef f(n, a, b):\n    return getattr(getattr(C(), a), b)(n)\n"
    },
    "attribute of an object": {"work.py": "def f(n, x):\n    return g(x.yaml, n)\n"},
    # what comes to any module or runs any text
    "globals": {"work.py": "import yaml\n\ndef f(n, a, b):\n    return getattr(globals()[a], b)(n)\n"},
    "another name of globals": {"work.py": "import yaml\nspace = globals\n"},
    "locals": {"work.py": "import yaml\nHERE = locals()\n"},
    "modules of sys": {"work.py": "from sys import modules\n\ndef f(n, a, b):\n    return getattr(modules[a], b)(n)\n"},
    "another name of sys": {"work.py": "import sys as s\n\ndef f(n, a, b):\n    return getattr(s.modules[a], b)(n)\n"},
    "sys of an own module": {
        "compat.py": "import sys as s\n",
        "work.py": "import compat\n\ndef f(n, a, b):\n    return getattr(compat.s.modules[a], b)(n)\n",
    },
    "sys of a library": {"work.py": "import os\n\ndef f(a):\n    return os.sys.modules[a]\n"},
    "sys of a library handed on": {"work.py": "import os\n\ndef f(a):\n    return g(os.sys, a)\n"},
    "sys from a library": {"work.py": "from os import sys as s\n\ndef f(a):\n    return g(s, a)\n"},
    "dictionary of sys": {"work.py": "import sys\n\ndef f(a, b):\n    return sys.__dict__[a][b]\n"},
    "builtins of a library": {"work.py": "import inspect\n\ndef f(a):\n    return inspect.builtins.eval(a)\n"},
    "modules asked for by name": {"work.py": "import sys\n\ndef f(a):\n    return getattr(sys, 'modules')[a]\n"},
    "sys handed on": {"work.py": "import sys\n\ndef f(a):\n    return g(sys, a)\n"},
    "import_module": {"work.py": "import importlib\n\ndef f(n, a, b):\n    return getattr(importlib.import_module(a), b)(n)\n"},
    "another name of import_module": {
        "work.py": "from importlib import import_module as im\n\ndef f(n, a, b):\n    return getattr(im(a), b)(n)\n"
    },
    "import_module in a variable": {"work.py": "import importlib\nim = importlib.import_module\n"},
    "import_module by a text": {"work.py": "import importlib\nm = importlib.import_module('yaml')\n"},
    "import_module of builtins": {"work.py": "import importlib\nm = importlib.import_module('builtins')\n"},
    "__import__": {"work.py": "def f(n, a, b):\n    return getattr(__import__(a), b)(n)\n"},
    "exec of a compiled text": {"work.py": "def f(text):\n    exec(compile(text, 'x', 'exec'))\n"},
    "eval": {"work.py": "def f(text):\n    return eval(text)\n"},
    "eval of builtins": {"work.py": "import builtins\n\ndef f(text):\n    return builtins.eval(text)\n"},
    "another name of eval": {"work.py": "from builtins import eval as e\n\ndef f(text):\n    return e(text)\n"},
    "resolve_name": {"work.py": "import pkgutil\n\ndef f(n, a):\n    return pkgutil.resolve_name(a)(n)\n"},
    "runpy": {"work.py": "import runpy\n\ndef f(a):\n    return runpy.run_path(a)\n"},
    "spec from a location": {
        "work.py": "from importlib.util import module_from_spec, spec_from_file_location\n\ndef f(p):\n    return module_from_spec(spec_from_file_location('m', p))\n"
    },
    "frame": {"work.py": "import inspect\n\ndef f(n, a):\n    return inspect.currentframe().f_back.f_globals[a](n)\n"},
    "objects that are alive": {"work.py": "import gc\n\ndef f(n, a):\n    return gc.get_objects()\n"},
    # by their names
    "partial": {"work.py": "import functools, yaml\nread = functools.partial(yaml.load, Loader=yaml.SafeLoader)\n"},
    "attrgetter": {"work.py": "from operator import attrgetter\nread = attrgetter('yaml.load')\n"},
    "methodcaller": {"work.py": "from operator import methodcaller\nread = methodcaller('full_load', 'x')\n"},
    "decorator": {"work.py": "import yaml\n\n@yaml.full_load\ndef text():\n    return 'x'\n"},
    "getattr by a constant": {"work.py": "import yaml\nread = getattr(yaml, 'full_load', None)\n"},
    "name in a constant": {"work.py": "NAME = 'unsafe_load'\n"},
    "name of bytes": {"work.py": "NAME = b'unsafe_load'\n"},
    "text in two lines": {"work.py": "NAME = ('yaml:un'\n        'safe_load')\n"},
    "keyword": {"work.py": "def f(n):\n    return g(full_load=n)\n"},
    "task of celery": {"work.py": "def f(celery, n):\n    celery.send_task('yaml.load', n)\n"},
    "factory of uvicorn": {"work.py": "import uvicorn\n\ndef f():\n    uvicorn.run('yaml:load', factory=True)\n"},
    "depends by a text": {"work.py": "from fastapi import Depends\n\ndef f(x=Depends('yaml.load')):\n    return x\n"},
    "dictConfig": {"work.py": "SETTINGS = {'formatters': {'x': {'()': 'yaml.load'}}}\n"},
    "in a try": {"work.py": "try:\n    from yaml import CFullLoader as L\nexcept ImportError:\n    L = None\n"},
    "for types alone": {
        "work.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from yaml import UnsafeLoader\n"
    },
    "program in a text": {"work.py": "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import yaml'])\n"},
    "a method of that name": {"work.py": "def f(other):\n    return other.load(1)\n"},
    "a match of that name": {"work.py": "def f(n):\n    match n:\n        case {**full_load}:\n            return full_load\n"},
    # in other files
    "imported from tests": {
        "tests/__init__.py": "",
        "tests/helper.py": "import yaml\n\ndef h(n):\n    return yaml.full_load(n)\n",
        "work.py": "from tests.helper import h\n",
    },
    "imported from a test of a test": {
        "tests/a.py": "import b\n",
        "tests/b.py": "import yaml\nread = yaml.full_load\n",
        "work.py": "import a\n",
    },
    "tests that are loaded": {
        "tests/seed.py": "import yaml\nread = yaml.full_load\n",
        "work.py": "import importlib, pkgutil\nfor m in pkgutil.walk_packages(['.']):\n    importlib.import_module(m.name)\n",
    },
    "tests by a text": {
        "tests/seed.py": "import yaml\nread = yaml.full_load\n",
        "work.py": "PLUGINS = ['tests.seed']\n",
    },
    "a test that a container runs": {
        "tests/seed.py": "import yaml\nread = yaml.full_load\n",
        "Dockerfile": "FROM python\nCMD python tests/seed.py\n",
    },
    "build folder": {"build/part.py": "import yaml\nread = yaml.full_load\n", "work.py": "import part\n"},
    "folder called env": {"env/part.py": "import yaml\nread = yaml.full_load\n"},
    "folder that plays an environment": {
        "shop_env/__init__.py": "",
        "shop_env/part.py": "import yaml\nread = yaml.full_load\n",
        "shop_env/pyvenv.cfg": "version = 3.11\n",
        "shop_env/bin/x": "",
    },
    "script without an ending": {"bin/run": "import yaml\nprint(yaml.full_load('x'))\n"},
    "script that runs a text": {"bin/run": "import os\nexec(os.environ['CODE'])\n"},
    "script of a shell": {"run.sh": "python -c 'import yaml; yaml.full_load(1)'\n"},
    "script that says so": {"run.txt": "#!/usr/bin/env python3\nexec(input())\n"},
    "pyw": {"run.pyw": "import yaml\nyaml.full_load('x')\n"},
    "stub": {"work.pyi": "from yaml import full_load\n"},
    "notebook": {"look.ipynb": notebook("full_load")},
    "notebook of another language": {"look.ipynb": json.dumps({"cells": [{"cell_type": "code", "source": "%%bash\nls"}]})},
    "broken notebook": {"look.ipynb": "{"},
    "path file": {"site/x.pth": "import yaml; print(yaml)\n"},
    "path file with any code": {"site/x.pth": "import os; os.system('x')\n"},
    "entry point": {"setup.cfg": "[options.entry_points]\nconsole_scripts =\n  read = yaml:load\n"},
    "plug-in of the project": {"pyproject.toml": "[project.entry-points.shop]\nread = 'yaml:full_load'\n"},
    "logging in a file": {"logging.yaml": "formatters:\n  x:\n    (): yaml.load\n"},
    "logging in JSON": {"logging.json": '{"()": "yaml.f\\u0075ll_load"}'},
    "logging in an ini": {"logging.ini": "[handler_x]\nclass = yaml.load\n"},
    "template": {"templates/x.html": "{{ yaml.load(x) }}"},
    "template with Python": {"templates/x.mako": "<%\n  import yaml\n%>"},
    "code that is closed": {"part.so": "ELF"},
    "pickle": {"model.pkl": "cyaml\nfull_load\n"},
    "does not parse": {"other.py": "def broken(:\n"},
    # lines of notebooks that are for its shell
    "a timed line": {"look.ipynb": cells("%time x = yaml.full_load('x')")},
    "a timed line with options": {"look.ipynb": cells("%timeit -n 10 -r 3 yaml.load('x')")},
    "a timed cell": {"look.ipynb": cells("%%time\nyaml.load('x')")},
    "a cell of a magic": {"look.ipynb": cells("%%timeit yaml.load('x')\npass")},
    "a timed value": {"look.ipynb": cells("%timeit {code}")},
    "a line for a shell": {"look.ipynb": cells('!python -c "import yaml; print(yaml.full_load(1))"')},
    "a line for a shell in two": {"look.ipynb": cells("!python -c \\\n  'from yaml import *'")},
    "an indented line": {"look.ipynb": cells("if 1:\n    %time yaml.load('x')")},
    "a program that a notebook runs": {"look.ipynb": cells("%run test_seed"), "test_seed.py": LOADS},
    # files that are called like tests
    "a server called like a test": {"Procfile": "web: uvicorn test_server:app\n", "test_server.py": LOADS},
    "a command called like a test": {"Dockerfile": 'FROM python\nCMD ["python", "test_server.py"]\n', "test_server.py": LOADS},
    "a module called like a test": {"compose.yaml": "command: python -m test_worker\n", "test_worker.py": LOADS},
    "an entry point called like a test": {"setup.cfg": "console_scripts =\n  run = test_worker:main\n", "test_worker.py": LOADS},
    "what is imported before a test that is run": {"Procfile": "w: python -m tests.seed\n", "tests/__init__.py": LOADS, "tests/seed.py": ""},
    # files that are not read
    "a program with an archive behind it": {"bin/worker": "#!/bin/sh\nexec x\nPK\3\4\0\0"},
    "an archive far behind": {"bin/worker": "#!/bin/sh\n" + "# long\n" * 2000 + "PK\3\4\0\0"},
    "compiled, with a version": {"ext.so.1": "ELF\0"},
    "compiled, of no ending": {"worker": "\0\1"},
    "weights": {"model.bin": "\0yaml"},
    "source packed": {"vendor/h-1.tar.gz": "x"},
    "source packed otherwise": {"vendor/h-1.tgz": "x"},
    "packed twice": {"vendor/h.tar.xz": "x"},
    "an array that may be a pickle": {"x.npy": "x"},
    "a model that may be code": {"x.h5": "x"},
    "beside an environment": {"backend/pyvenv.cfg": "home = x\n", "backend/bin/x": "", "backend/app/main.py": LOADS},
    # values of a safe kind that are none
    "a class of that name of another library": {"work.py": "from otherlib import SafeLoader\n" + GIVEN % "SafeLoader"},
    "a class derived from one": {"work.py": "from otherlib import SafeLoader\n\nclass L(SafeLoader):\n    pass\n" + GIVEN % "L"},
    "bound anew by a function": {"work.py": GIVEN % "L" + "L = yaml.SafeLoader\n\ndef reset(x):\n    global L\n    L = x\n"},
    "set by a computed name": {"work.py": GIVEN % "P.loader" + "\nclass P:\n    loader = yaml.SafeLoader\n\ndef s(k):\n    setattr(P, k, None)\n"},
    "set in a dictionary": {"work.py": GIVEN % "P.loader" + "\nclass P:\n    loader = yaml.SafeLoader\n\ndef s(k):\n    P().__dict__.update(k)\n"},
    "set by an update": {"work.py": GIVEN % "C['l']" + "\nC = {'l': yaml.SafeLoader}\n\ndef s(k):\n    C.update(k)\n"},
    # code in texts
    "__import__ in a text": {"run.sh": "python -c '__import__(\"yaml\").dump(1)'\n"},
    "import_module in a text": {"run.sh": "python -c 'import importlib as i; i.import_module(\"yaml\")'\n"},
    "renamed imports in a text": {"run.sh": "python -c 'import json as j, yaml as y'\n"},
    "block of Mako": {"templates/x.mako": "<%! import yaml %>"},
    "name of Mako": {"templates/x.mako": '<%namespace name="y" module="yaml"/>'},
    # libraries that run texts
    "timeit": {"work.py": "import timeit\n\ndef f(n):\n    return timeit.timeit(n)\n"},
    "timeit under another name": {"work.py": "from timeit import repeat as r\n\ndef f(n):\n    return r(n)\n"},
    "profile": {"work.py": "import cProfile\n\ndef f(n):\n    return cProfile.run(n, 'x')\n"},
    "profile of an object": {"work.py": "from cProfile import Profile\n\ndef f(n):\n    return Profile().run(n)\n"},
    "hints": {"work.py": "import typing\n\ndef f(n):\n    h.__annotations__ = {'a': n}\n    return typing.get_type_hints(h)\n"},
    "names of Twisted": {"work.py": "from twisted.python.reflect import namedAny\n\ndef f(n):\n    return namedAny(n)\n"},
    "fields of a format": {"work.py": "import string, yaml\n\ndef f(n):\n    return string.Formatter().get_field(n, (yaml.loader,), {})[0]\n"},
}  # fmt: skip


HANDED: dict[str, dict[str, str]] = {
    'dataclass default': {'work.py': 'import yaml\nfrom dataclasses import dataclass\n@dataclass\nclass C:\n    m: object = yaml\n'},
    'in a comprehension': {'work.py': "import yaml\nD={n: m for n, m in (('y', yaml),)}\n"},
    'walrus': {'work.py': 'import yaml\nif (m := yaml):\n    pass\n'},
    'given to a context': {'work.py': 'import yaml\nwith c(yaml) as d:\n    pass\n'},
    'matched': {'work.py': 'import yaml\nmatch yaml:\n    case m:\n        g(m)\n'},
    'among arguments': {'work.py': 'import yaml\ng(*[yaml])\n'},
    'one of two by a condition': {'work.py': 'import yaml\nm = yaml if g() else None\n'},
    'one of two': {'work.py': 'import yaml\nm = None or yaml\n'},
    'one of two, asked': {'work.py': 'import yaml\nif (m := None or yaml) is not None:\n    g(m)\n'},
    'returned': {'work.py': 'import yaml\ndef f():\n    return yaml\n'},
    'yielded': {'work.py': 'import yaml\ndef f():\n    yield yaml\n'},
    'is in compare chain': {'work.py': 'import yaml\ng(yaml is None)\nh(a == yaml)\n'},
    'in a text': {'work.py': "import yaml\ng(f'{yaml}')\n"},
    'attributes of a module': {'work.py': 'import yaml\ndef __getattr__(n):\n    return getattr(yaml, n)\n'},
    'lambda default': {'work.py': 'import yaml\nf = lambda m=yaml: m\n'},
    'nonlocal': {'work.py': 'def f():\n    import yaml\n    def g():\n        nonlocal yaml\n        h(yaml)\n'},
    'local alias of import': {'work.py': 'def f(x):\n    import yaml as m\n    m = m\n    return h(m)\n'},
    'in an except': {'work.py': 'import yaml\ntry:\n    pass\nexcept* ValueError as e:\n    g(yaml)\n'},
    'awaited': {'work.py': 'import yaml\nasync def f():\n    await g(yaml)\n'},
    'set on something': {'work.py': "import yaml\nsetattr(g, 'x', yaml)\n"},
    'getattr const chain': {'work.py': "import yaml\ngetattr(getattr(yaml, 'loader'), 'Unsafe' 'Loader')\n"},
    'where there is nothing else': {'work.py': "import yaml\ng(getattr(h, 'x', yaml))\n"},
    'subscript': {'work.py': 'import yaml\nL=[0]\nL[0] = yaml\n'},
    'by a package of its own': {'pk/__init__.py': 'from . import compat\n', 'pk/compat.py': 'import yaml as y\n', 'work.py': 'import pk\ndef f(a):\n    return getattr(pk.compat.y, a)\n'},
    'of a package itself': {'pk/__init__.py': 'import yaml as y\n', 'work.py': 'import pk as q\ndef f(a,b):\n    return getattr(getattr(q,a),b)\n'},
    'src layout': {'src/pk/__init__.py': '', 'src/pk/c.py': 'import yaml\n', 'work.py': 'from pk import c\ng(c)\n'},
    'type alias': {'work.py': 'import yaml\nX: object = yaml\n'},
    'global of two functions': {'work.py': 'def f():\n    global y\n    import yaml as y\ndef g():\n    return h(y)\n'},
    'default of the same name': {'work.py': 'import yaml\ndef f(yaml=yaml):\n    return yaml\n'},
    'decorator arg': {'work.py': 'import yaml\n@reg(yaml)\ndef f():\n    pass\n'},
    'annotated': {'work.py': 'import yaml\ndef f(x: Annotated[int, yaml]):\n    pass\n'},
    'reload': {'work.py': 'import importlib, yaml\nm = importlib.reload(yaml)\n'},
    'a loop that counts': {'work.py': 'import yaml\nfor i, m in enumerate((yaml,)):\n    g(m)\n'},
    'a loop in a loop': {'c.py': 'import yaml\n', 'work.py': 'import c\nfor m in (c,):\n    for n in (m,):\n        g(n)\n'},
    'after a loop': {'c.py': 'import yaml\n', 'work.py': 'import c\nfor m in (c,):\n    pass\ng(m)\n'},
    'after a loop, in a function': {'c.py': 'import yaml\n', 'work.py': 'import c\ndef f():\n    for m in (c,):\n        pass\n    def h():\n        return g(m)\n    return h\n'},
    'a loop over a parameter': {'c.py': 'import yaml\n', 'work.py': 'import c\ndef f(m):\n    for m in (c,):\n        pass\n    return g(m)\n'},
    'a loop that makes functions': {'c.py': 'import yaml\n', 'work.py': 'import c\nL = [(lambda: m) for m in (c,)]\n'},
    'a loop over a set': {'c.py': 'import yaml\n', 'work.py': 'import c\nfor m in {c}:\n    g(m)\n'},
    'configuration of tests that is imported': {'conftest.py': 'import yaml\ng(yaml)\n', 'work.py': 'import conftest\n'},
    'a module called like a test': {'app/load_test.py': 'import yaml\ng(yaml)\n', 'app/__init__.py': '', 'work.py': 'from app import load_test\n'},
    'tests beside the code': {'app/testing/h.py': 'import yaml\ng(yaml)\n', 'app/x.py': 'from .testing import h\n'},
}  # fmt: skip


OPEN: dict[str, dict[str, str]] = {
    "nothing more": {},
    "names that are computed, of models": {
        "work.py": "def f(model, fields):\n    return {name: getattr(model, name) for name in fields}\n"
    },
    "names that are computed, of a library": {
        "work.py": "import logging\n\ndef f(level):\n    logging.basicConfig(level=getattr(logging, level.upper()))\n"
    },
    "attributes of self": {
        "work.py": "class F:\n    def f(self, name):\n        return getattr(self, f'get_{name}')()\n"
    },
    "dictionary of an object": {"work.py": "def f(user):\n    return {**user.__dict__, **vars(user)}\n"},
    "a module that is only loaded": {
        "work.py": "import importlib\nfor name in ('one', 'two'):\n    importlib.import_module(f'plugins.{name}')\n"
    },
    "a module that is looked for": {
        "work.py": "import importlib.util\nHAS = importlib.util.find_spec('redis') is not None\n"
    },
    "a package that may be missing": {
        "work.py": "try:\n    import yaml\nexcept ImportError:\n    yaml = None\n\ndef f(x):\n    if yaml is None or not yaml:\n        return x\n    return yaml.safe_dump(x)\n"
    },
    "what is asked of it": {
        "work.py": "import yaml\n\nclass D(yaml.SafeDumper):\n    pass\n\ndef f(e, x):\n    yaml.dump(x, Dumper=D)\n    return isinstance(e, yaml.YAMLError), yaml.__version__\n"
    },
    "a variable of its name": {"work.py": "def f(yaml):\n    return g(yaml)\n"},
    "a safe class of it": {
        "work.py": "import yaml\n\nclass Own(yaml.SafeLoader):\n    pass\n\nOwn.add_constructor('!x', str)\n\ndef f(x):\n    try:\n        return yaml.load(x, Loader=Own)\n    except yaml.YAMLError:\n        return None\n"
    },
    "a safe function handed on": {
        "work.py": "import asyncio, yaml\n\nasync def f(x):\n    return await asyncio.to_thread(yaml.safe_load, x)\n"
    },
    "the same word of other libraries": {
        "work.py": "import json, tomllib\nfrom json import load\n\ndef f(x):\n    return load(x), json.load(x), tomllib.load(x)\n"
    },
    "words in sentences": {
        "work.py": '"""Calls no yaml.full_load."""\nimport yaml\n\ndef f(x):\n    """Like yaml.load."""\n    raise ValueError("cannot load the file")\n',
        "README.md": "Do not use yaml.full_load.\n",
    },
    "sqlmodel and regular expressions": {
        "work.py": "import re\nfrom sqlmodel import Session, select\nP = re.compile('x')\n\ndef f(session: Session, model):\n    return session.exec(select(model)).all()\n"
    },
    "own modules": {
        "shop/__init__.py": "",
        "shop/models.py": "class User:\n    pass\n",
        "shop/routes.py": "from fastapi import APIRouter\nfrom . import models\nrouter = APIRouter()\n\n@router.get('/u')\ndef u() -> models.User:\n    models = [1]\n    return models\n",
        "work.py": "from shop import models, routes\nfrom main import app\nimport shop.models\n\ndef f(a):\n    app.include_router(routes.router)\n    return a.query(shop.models.User), models.User\n",
    },
    "routers in loops": {
        "shop/__init__.py": "",
        "shop/users.py": "from fastapi import APIRouter\nrouter = APIRouter()\n",
        "shop/items.py": "from fastapi import APIRouter\nrouter = APIRouter()\n",
        "work.py": "from shop import items, users\n\ndef f(app):\n    for module in (users, items):\n        app.include_router(module.router)\n    return [module.router for module in [users, items]]\n",
    },
    "frames of a log": {
        "work.py": "import inspect, logging\n\nclass H(logging.Handler):\n    def emit(self, record):\n        frame, depth = inspect.currentframe(), 0\n        while frame and frame.f_code.co_filename == logging.__file__:\n            frame = frame.f_back\n"
    },
    "frozen": {"work.py": "import sys\nFROZEN = getattr(sys, 'frozen', False)\n\ndef f(course):\n    return course.modules, sys.argv\n"},
    "tests of it": {
        "tests/test_x.py": "import yaml, importlib, sys\n\ndef test_x(monkeypatch):\n    importlib.reload(sys.modules['main'])\n    assert yaml.full_load('1') == 1\n",
        "conftest.py": "def pytest_configure(x):\n    eval(x)\n",
        "pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = ['tests']\n",
        "Dockerfile": "FROM python\nCOPY tests tests\n",
    },
    "a notebook that is safe": {"look.ipynb": notebook("safe_load")},
    "pictures and styles": {"static/x.css": ".load{}", "static/x.png": "\0\1", "data.db": "\0yaml.load", ".DS_Store": "\0\1", "x.csv.gz": "x", "x.db-wal": "\0"},
    "a timed notebook that is safe": {"look.ipynb": cells("%time json.load(f)", "%timeit -n 10 -r3 json.load(f)", "%matplotlib inline", "!ls", "%%time\njson.load(f)", "x = (9\n%2)")},
    "tests that nothing names": {"test_server.py": LOADS, "Procfile": "web: uvicorn main:app\n", "setup.cfg": "testpaths = tests\n"},
    "a class of it while others are set": {"work.py": GIVEN % "yaml.SafeLoader" + "\ndef s(o, k, v):\n    global N\n    N = v\n    setattr(o, k, v)\n"},
    "one of two classes of it while others are set": {"look.py": TWO + GIVEN % "L" + "\ndef s(o, k, v):\n    setattr(o, k, v)\n"},
    "clocks and formats": {"work.py": "import timeit, itertools, cProfile, logging\nT = timeit.default_timer()\nP = cProfile.Profile()\nP.enable()\nF = logging.Formatter('{x}'.format(x=1))\nR = itertools.repeat(1)\n"},
    "an environment": {"tools/py/pyvenv.cfg": "version = 3.11\n", "tools/py/bin/x": "", "tools/py/lib/yaml.py": "def load():\n    exec(1)\n"},
}  # fmt: skip
