"""Versions that their publishers took back, as far as a file does not say so itself.

Whether a version was yanked (PEP 592) is known to its index alone, and locks do not keep it; written down are versions
of packages that web projects pin, with the reason that the index gives.
"""

from __future__ import annotations

from typing import Final

from packaging.version import InvalidVersion, Version

UNSTATED: Final = "yanked"
"""Where the publisher gave no reason; what files say then, too."""
_ROWS: Final = (
    ("starlette", "0.20.2", "a security problem, which the next one closes"),
    ("starlette", "0.41.1", "it asks for a broken release of python-multipart"),
    ("pydantic", "1.10.3", "a defect of its compiled form"),
    ("pydantic", "2.12.1", "it asks for a version of pydantic-core that was taken back"),
    ("pydantic-core", "2.41.3", "one of its wheels is damaged"),
    ("pydantic-core", "2.43.0 2.44.0", "some wheels are missing"),
    ("uvicorn", "0.17.0", "it does not say which Python it needs"),
    ("anyio", "4.6.2", "it holds the code of 4.5.2"),
    ("requests", "2.32.0 2.32.1", "conflicts with the mitigation of CVE-2024-35195"),
    ("urllib3", "1.25 1.25.1", "the release is broken"),
    ("urllib3", "2.0.0 2.0.1", "it cuts large compressed answers short"),
    ("certifi", "2022.5.18", "it claims to support Python 3.5 and does not"),
    ("cryptography", "37.0.3 38.0.2", "a regression in OpenSSL"),
    ("cryptography", "45.0.0", ""),
    ("bcrypt", "4.1.0", "passlib fails with it"),
    ("django", "4.2.12 5.0.5", "its files have the line ends of Windows and cannot be executed"),
    ("aiohttp", "3.8.2", "it forbids newer versions of multidict"),
    ("aiohttp", "3.11.13 3.11.14 3.11.17", "a regression"),
    ("aiohttp", "3.12.1", "requests without a body fail"),
    ("yarl", "1.5.0", "generated files are broken"),
    ("yarl", "1.9.5 1.9.6", "it is much slower"),
    ("yarl", "1.18.1 1.18.2 1.24.0 1.24.1", "some files are missing"),
    ("multidict", "6.3.0 6.3.1 6.3.2", "it leaks memory"),
    ("multidict", "6.4.0 6.4.1", "it crashes on Python 3.9 and 3.10"),
    ("multidict", "6.5.0", "an update can give the wrong result"),
    ("multidict", "6.6.0 6.6.1", "it corrupts memory"),
    ("frozenlist", "1.6.1", "some files are missing"),
    ("aiofiles", "23.2.0", "it cannot be imported on Windows"),
    ("python-multipart", "0.0.13", "it broke packages that use it"),
    ("python-multipart", "0.0.14", "the module of its old name is missing"),
    ("email-validator", "2.1.0", "it does not say which Python it needs"),
    ("sqlalchemy", "1.4.33", "inserting by models fails"),
    ("sqlalchemy", "1.4.34", "a defect of its cache"),
    ("sqlalchemy", "2.0.5", "its wheels failed to build"),
    ("alembic", "1.5.0", "its templates are missing"),
    ("alembic", "1.15.0", "alembic init fails"),
    ("pymysql", "1.0.0", "it does not say which Python it needs"),
    ("celery", "5.0.6", "patches were taken over wrongly"),
    ("celery", "5.2.5", "its extensions cannot be imported"),
    ("kombu", "5.0.0 5.0.1", "it asks for too old a version of amqp"),
    ("google-auth", "2.4.0", "it needs urllib3 and does not say so"),
    ("google-auth", "2.46.0", "it fails on a Python that it claims to support"),
    ("google-api-core", "1.20.0", "it allows too old a version of protobuf"),
    ("google-api-core", "2.3.1", "its wheel is broken"),
    ("google-api-core", "2.35.0", "a regression in how paths are expanded"),
    ("azure-core", "1.22.0", "it breaks packages that use it"),
    ("protobuf", "3.18.0 4.21.0", "it claims to support a Python that it does not"),
    ("protobuf", "5.29.0", ""),
    ("grpcio", "1.45.0", "it crashes"),
    ("grpcio", "1.48.0", "it can stand still for ever"),
    ("grpcio", "1.49.0 1.51.0 1.52.0 1.55.0 1.65.0", ""),
    ("grpcio", "1.72.0", "a wheel is missing"),
    ("grpcio", "1.78.1", "it caused failures in production"),
    ("grpcio", "1.82.0", "it allows versions of protobuf that it does not work with"),
    ("numpy", "2.4.0", "it breaks compatibility"),
    ("pandas", "3.0.4", "it crashes with dates"),
    ("scipy", "1.11.0", "a licence was not kept"),
    (
        "opencv-python",
        "4.3.0.36 4.4.0.42 4.4.0.44 4.5.4.58 4.5.5.62 4.7.0.68",
        "a later build takes its place",
    ),
    ("beautifulsoup4", "4.13.0", "it claims to support a Python that it does not"),
    ("attrs", "21.1.0", "it is installable but not importable on Python 3.4"),
    ("cattrs", "1.6.0", "its metadata ask for the wrong packages"),
    ("cattrs", "23.1.0", "it needs typing-extensions and does not say so"),
    ("cattrs", "23.2.0", "it cannot be imported on Python 3.11"),
    ("jsonschema", "4.0.0", "it does not say which Python it needs"),
    ("click", "8.2.2", "boolean options changed their meaning"),
    ("rich", "12.1.0", "what it asks for is broken"),
    ("sentry-sdk", "1.33.0", "it cannot be imported beside greenlet"),
    ("sentry-sdk", "2.23.0", "a star import fails"),
    ("prometheus-client", "0.23.0", "it imports a package that it does not ask for"),
    ("setuptools", "59.1.0", "github.com/pypa/setuptools/issues/2885"),
    ("setuptools", "60.3.0", "github.com/pypa/setuptools/issues/3002"),
    ("setuptools", "69.3.0 69.4.0", "github.com/pypa/setuptools/issues/4302"),
    ("setuptools", "71.0.1", "github.com/pypa/setuptools/issues/4480"),
    ("setuptools", "72.0.0", "github.com/pypa/setuptools/issues/4518"),
    ("setuptools", "75.9.0", "github.com/pypa/setuptools/issues/4866"),
    ("setuptools", "80.3.0", "github.com/pypa/setuptools/issues/4976"),
    ("setuptools", "80.7.0", "github.com/pypa/setuptools/issues/4998"),
    ("wheel", "0.38.0", "it needs itself to be built"),
    ("wheel", "0.46.0 0.46.1", "builds with older setuptools fail"),
    ("packaging", "20.6", "it was made of the wrong commit"),
    ("pip", "20.0 20.3.2", ""),
    ("pip", "21.2", "github.com/pypa/pip/issues/8711"),
    ("virtualenv", "20.35.0 20.35.1", "it breaks compatibility"),
    ("cachetools", "4.2.3", ""),
    ("diskcache", "5.0.0 5.0.1 5.0.2", "it does not say which Python it needs"),
    ("dynaconf", "3.2.0 3.2.8 3.2.9", "settings are read wrongly, or it cannot be imported"),
    ("uvloop", "0.15.0 0.15.1", ""),
    ("importlib-metadata", "4.7.0 4.8.0", "a regression"),
    ("langchain", "1.2.5 1.3.5", "it breaks compatibility"),
    ("langchain-core", "0.1.5 0.2.31 0.3.42", "it breaks compatibility"),
    ("langchain-community", "0.0.9", "imports fail"),
    ("transformers", "4.14.0 4.57.0", "installing or importing it fails"),
    ("transformers", "4.25.0", "its version is wrong"),
    ("transformers", "4.52.0", ""),
    ("huggingface-hub", "0.16.1", ""),
    ("huggingface-hub", "0.26.4", "it holds files twice"),
    ("huggingface-hub", "0.8.0", "some commits are missing"),
    ("confluent-kafka", "2.6.2 2.8.1", "it was put together wrongly"),
    ("aio-pika", "9.1.1", ""),
    ("reportlab", "3.5.64", "charts are drawn wrongly"),
    ("xlsxwriter", "3.2.3", "it claims to support a Python that it does not"),
    ("xmltodict", "0.14.0", ""),
    ("markdown", "3.3.5", "it asks for the wrong packages"),
    ("peewee", "3.17.4", "it fails on Python 3.12"),
    ("stripe", "5.1.0", "a defect in its log"),
    ("stripe", "7.8.0", ""),
    ("twilio", "9.0.0 9.0.1", "fields of dates are missing"),
    ("twilio", "9.2.0 9.4.0", ""),
    ("secure", "2.0.0", "it was released by mistake"),
)
"""Name, versions with a blank between, and why; nothing where the publisher did not say."""
_NAMES: Final = frozenset(name for name, _, _ in _ROWS)
_REASONS: Final = {
    (name, Version(version)): why or UNSTATED
    for name, versions, why in _ROWS
    for version in versions.split()
}


def reason(name: str, version: str) -> str:
    """Why a version was taken back, or :data:`UNSTATED`; empty where it is not known that it was.

    Args:
        name: Normalised (PEP 503).
        version: As a file has it.
    """
    if name not in _NAMES:
        return ""
    try:
        return _REASONS.get((name, Version(version)), "")
    except InvalidVersion:
        return ""
