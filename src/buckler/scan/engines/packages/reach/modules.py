"""What is imported of a package, where its name does not say it, and which packages need no import to be used.

An environment says it of what is installed in it; for the others there are these tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

MODULES: Final[Mapping[str, tuple[str, ...]]] = {
    "attrs": ("attr", "attrs"),
    "beautifulsoup4": ("bs4",),
    "djangorestframework": ("rest_framework",),
    "fastapi-jwt-auth": ("fastapi_jwt_auth",),
    "google-cloud-storage": ("google.cloud.storage",),
    "gitpython": ("git",),
    "grpcio": ("grpc",),
    "mysqlclient": ("MySQLdb",),
    "opencv-python": ("cv2",),
    "opencv-python-headless": ("cv2",),
    "pillow": ("PIL",),
    "protobuf": ("google.protobuf",),
    "psycopg-binary": ("psycopg",),
    "psycopg2-binary": ("psycopg2",),
    "pycryptodome": ("Crypto",),
    "pycryptodomex": ("Cryptodome",),
    "pyjwt": ("jwt",),
    "pyopenssl": ("OpenSSL",),
    "python-dateutil": ("dateutil",),
    "python-dotenv": ("dotenv",),
    "python-jose": ("jose",),
    "python-ldap": ("ldap",),
    "python-magic": ("magic",),
    "python-multipart": ("multipart", "python_multipart"),
    "pyyaml": ("yaml",),
    "scikit-learn": ("sklearn",),
    "setuptools": ("setuptools", "pkg_resources"),
}
"""What is imported of packages whose modules have another name than they."""
PROGRAMS: Final = frozenset(
    (
        *(
            "uvicorn",
            "gunicorn",
            "hypercorn",
            "granian",
            "daphne",
            "fastapi-cli",
            "fastapi-cloud-cli",
        ),
        *("celery", "rq", "arq", "dramatiq", "alembic", "supervisor", "newrelic", "ddtrace"),
    )
)
"""Packages that run beside or around an application without that it imports them."""
IMPLICIT: Final[Mapping[str, tuple[str, ...]]] = {
    "python-multipart": ("fastapi", "starlette"),
    "lxml": ("pandas", "scrapy"),
    "orjson": (
        "elasticsearch",
        "opensearch-py",
        "rdflib",
        "ormar",
        "piccolo",
        "plotly",
        "tortoise-orm",
        "cattrs",
        "discord-py",
    ),
    "pandas": ("dask",),
    "pillow": ("matplotlib", "qrcode", "reportlab", "python-barcode"),
    "pyyaml": (
        *("dependency-injector", "watchdog", "aiohttp-swagger", "munch", "networkx", "kombu"),
        *("anyconfig", "python-box", "cattrs", "configargparse"),
    ),
    "numpy": ("joblib", "jsonpickle"),
    "ujson": ("cattrs", "elasticsearch", "jsonpickle", "sanic", "tortoise-orm"),
    "jinja2": ("fastapi", "starlette"),
    "itsdangerous": ("fastapi", "starlette"),
    "h11": ("uvicorn", "hypercorn"),
    "httptools": ("uvicorn",),
    "websockets": ("uvicorn",),
    "h2": ("hypercorn",),
}
"""Packages that another one uses where they are installed, without that its metadata say so."""


def modules_of(name: str, told: Callable[[str], Sequence[str]]) -> tuple[str, ...]:
    """The modules of a package.

    Args:
        name: Normalised.
        told: What an environment says of a package.
    """
    if said := tuple(told(name)):
        return said
    plain = name.replace("-", "_")
    short = plain.removeprefix("python_").removeprefix("py")
    guessed = (plain, name.replace("-", "."), *([short] if short != plain else []))
    return MODULES.get(name, guessed)
