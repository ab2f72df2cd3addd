"""Where imports go, and how a name is written that the file may know already."""

from __future__ import annotations

import ast

import pytest


def use(dotted):
    """Put the name in the place of every ``HERE``."""

    def change(draft):
        for node in ast.walk(draft.index.tree):
            if isinstance(node, ast.Name) and node.id == "HERE":
                draft.replace(node, draft.name_for(dotted, node))

    return change


@pytest.mark.parametrize(
    ("dotted", "before", "after"),
    [
        ("hmac.new", "import hmac\nHERE\n", "import hmac\nhmac.new\n"),
        ("hmac.new", "import hmac as h\nHERE\n", "import hmac as h\nh.new\n"),
        ("hmac.new", "from hmac import new as n\nHERE\n", "from hmac import new as n\nn\n"),
        ("a.b.c", "from a import b\nHERE\n", "from a import b\nb.c\n"),
        ("a.b", "import z\nfrom a import c\nHERE\n", "import z\nfrom a import b, c\nb\n"),
        ("a.b", "from a import (c)\nHERE\n", "from a import (b, c)\nb\n"),
        ("typing.Any", "HERE\n", "from typing import Any\n\nAny\n"),
        ("a.b.c", "import a.b\nHERE\n", "import a.b\na.b.c\n"),
        ("hmac", "HERE\n", "import hmac\n\nhmac\n"),
        (
            "hmac.new",
            "def f(hmac):\n    HERE\n",
            "import hmac as _hmac\n\ndef f(hmac):\n    _hmac.new\n",
        ),
        (
            "hmac.new",
            "import hmac\ndef f(hmac):\n    HERE\n",
            "import hmac\nimport hmac as _hmac\ndef f(hmac):\n    _hmac.new\n",
        ),
        ("html.escape", "html = 1\nHERE\n", "import html as _html\n\nhtml = 1\n_html.escape\n"),
        (
            "markupsafe.escape",
            '"""Doc."""\n\nfrom __future__ import annotations\n\nimport os\n\nfrom zoo import x\n\nHERE\n',
            '"""Doc."""\n\nfrom __future__ import annotations\n\nimport os\n\nfrom markupsafe import escape\nfrom zoo import x\n\nescape\n',
        ),
        (
            "hmac.new",
            "import abc\nimport os\nHERE\n",
            "import abc\nimport hmac\nimport os\nhmac.new\n",
        ),
        (
            "hmac.new",
            "import abc\n\nfrom fastapi import FastAPI\nHERE\n",
            "import abc\nimport hmac\n\nfrom fastapi import FastAPI\nhmac.new\n",
        ),
        (
            "hmac.new",
            "from fastapi import FastAPI\nHERE\n",
            "import hmac\n\nfrom fastapi import FastAPI\nhmac.new\n",
        ),
        ("zoo.x", "import os\nHERE\n", "import os\n\nfrom zoo import x\nx\n"),
        (
            "hmac.new",
            "#!/usr/bin/env python\n# License\n\nHERE\n",
            "#!/usr/bin/env python\n# License\n\nimport hmac\n\nhmac.new\n",
        ),
        ("hmac.new", '"""Doc."""\nHERE\n', '"""Doc."""\n\nimport hmac\nhmac.new\n'),
        ("hmac.new", '"""Doc."""; HERE\n', '"""Doc."""; import hmac; hmac.new\n'),
        ("zoo.b", "from zoo import a, c\nHERE\n", "from zoo import a, b, c\nb\n"),
        ("zoo.d", "from zoo import a, c\nHERE\n", "from zoo import a, c, d\nd\n"),
        (
            "zoo.b",
            "from zoo import (\n    a,\n    c,  # kept\n)\nHERE\n",
            "from zoo import (\n    a,\n    b,\n    c,  # kept\n)\nb\n",
        ),
        (
            "zoo.d",
            "from zoo import (\n    a,\n    c,  # kept\n)\nHERE\n",
            "from zoo import (\n    a,\n    c,  # kept\n    d,\n)\nd\n",
        ),
        ("zoo.d", "from zoo import *\nHERE\n", "from zoo import *\nfrom zoo import d\nd\n"),
        ("zoo.d", "import os; from zoo import a\nHERE\n", "import os; from zoo import a, d\nd\n"),
        ("hmac.new", "import os\r\nHERE\r\n", "import hmac\r\nimport os\r\nhmac.new\r\n"),
        ("hmac.new", "\ufeffimport os\nHERE\n", "\ufeffimport hmac\nimport os\nhmac.new\n"),
        ("hmac.new", "import os\nHERE", "import hmac\nimport os\nhmac.new"),
        (
            "hmac.new",
            "if 1:\n    import hmac\nHERE\n",
            "import hmac as _hmac\n\nif 1:\n    import hmac\n_hmac.new\n",
        ),
        ("hmac.new", "HERE\nHERE\n", "import hmac\n\nhmac.new\nhmac.new\n"),
        ("hmac.new", "HERE\nimport hmac\n", "import hmac as _hmac\n\n_hmac.new\nimport hmac\n"),
    ],
)
def test_a_name_is_brought_in(dotted, before, after, edited) -> None:
    assert edited(before, use(dotted)).decode() == after
    ast.parse(after.encode())


def test_two_names_of_one_module_come_in_one_statement(edited) -> None:
    def change(draft):
        use("zoo.b")(draft)
        draft.name_for("zoo.a", draft.index.tree.body[0])

    assert edited("HERE\n", change) == b"from zoo import a, b\n\nb\n"


def test_what_is_no_utf8_stays_as_it_is(edited) -> None:
    before = "# -*- coding: latin-1 -*-\nname = 'é'; HERE\n".encode("latin-1")
    after = edited(before, use("hmac.new"))
    assert after == "# -*- coding: latin-1 -*-\nimport hmac\n\nname = 'é'; hmac.new\n".encode(
        "latin-1"
    )
