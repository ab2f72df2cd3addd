"""Packages whose maintainers have left them, and what took their place.

A weakness found in one of them stays open (CWE-1104), so a name stands here only where its maintainers said so, where
what it is for is part of Python now, or where nothing was released for years. What is merely finished is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Abandoned:
    """One package that nobody looks after.

    Attributes:
        name: Normalised (PEP 503).
        year: Of its end: when its maintainers said so, or of the last release.
        why: Half a sentence that goes on after the name.
        successor: What to use; words, since it is not always a package.
        source: Where its maintainers, or its history, say so.
        guards: Whether it stands between strangers and the application: tokens, passwords, encryption, or what
            parses what they send.
    """

    name: str
    year: int
    why: str
    successor: str
    source: str
    guards: bool = False


_SAID = "is declared unmaintained by its maintainers"
_LAST = "has had no release since"
_MOVED = "goes on under another name"
_STDLIB = "is part of Python"

_ROWS: Final[tuple[tuple[str, int, str, str, str, bool], ...]] = (
    # Tokens, passwords, encryption.
    (
        "python-jose",
        2024,
        "was left by FastAPI's own documentation, having had one release in four years",
        "pyjwt or joserfc",
        "github.com/fastapi/fastapi/pull/11589",
        True,
    ),
    ("passlib", 2020, _LAST, "pwdlib or argon2-cffi", "foss.heptapod.net/python-libs/passlib", True),
    ("fastapi-jwt-auth", 2020, _LAST, "pyjwt", "github.com/IndominusByte/fastapi-jwt-auth", True),
    ("starlette-jwt", 2020, _LAST, "pyjwt", "github.com/amitripshtos/starlette-jwt", True),
    ("starlette-auth-toolkit", 2019, _LAST, "pyjwt", "github.com/florimondmanca/starlette-auth-toolkit", True),
    ("starlette-session", 2022, _LAST, "starsessions", "github.com/auredentan/starlette-session", True),
    ("fastapi-permissions", 2020, _LAST, "permissions of your own", "github.com/holgi/fastapi-permissions", True),
    ("fastapi-cloudauth", 2022, _LAST, "pyjwt with PyJWKClient", "github.com/tokusumi/fastapi-cloudauth", True),
    (
        "fastapi-simple-security",
        2023,
        _LAST,
        "fastapi.security.APIKeyHeader",
        "github.com/mrtolkien/fastapi_simple_security",
        True,
    ),
    ("flask-jwt", 2015, _LAST, "pyjwt", "github.com/mattupstate/flask-jwt", True),
    ("python-jwt", 2023, _LAST, "pyjwt or joserfc", "github.com/davedoesdev/python-jwt", True),
    ("jose", 2015, _LAST, "joserfc", "github.com/Demonware/jose", True),
    ("pycrypto", 2014, _LAST, "cryptography or pycryptodome", "github.com/pycrypto/pycrypto/issues/173", True),
    ("rsa", 2025, _SAID, "cryptography", "github.com/sybrenstuvel/python-rsa/issues/245", True),
    ("py-bcrypt", 2013, _LAST, "bcrypt", "github.com/pyca/bcrypt", True),
    ("pyscrypt", 2015, _LAST, "hashlib.scrypt", "docs.python.org/3/library/hashlib.html#hashlib.scrypt", True),
    ("pbkdf2", 2011, _LAST, "hashlib.pbkdf2_hmac", "docs.python.org/3/library/hashlib.html#key-derivation", True),
    ("simple-crypt", 2015, _LAST, "cryptography.fernet", "github.com/andrewcooke/simple-crypt", True),
    ("pyelliptic", 2017, _LAST, "cryptography", "github.com/yann2192/pyelliptic", True),
    ("ed25519", 2019, _SAID, "cryptography or pynacl", "github.com/warner/python-ed25519", True),
    ("oauth2client", 2018, _SAID, "google-auth", "github.com/googleapis/oauth2client", True),
    ("oauth2", 2015, _LAST, "authlib or oauthlib", "github.com/joestump/python-oauth2", True),
    ("python-oauth2", 2019, _LAST, "authlib", "github.com/wndhydrnt/python-oauth2", True),
    ("python-openid", 2010, _LAST, "authlib", "github.com/openid/python-openid", True),
    ("python-u2flib-server", 2020, _SAID, "webauthn or fido2", "github.com/Yubico/python-u2flib-server", True),
    ("adal", 2021, _SAID, "msal", "github.com/AzureAD/azure-activedirectory-library-for-python", True),
    # What parses what strangers send.
    ("pypdf2", 2022, _MOVED, "pypdf", "github.com/py-pdf/pypdf/blob/main/CHANGELOG.md", True),
    ("pypdf3", 2022, _LAST, "pypdf", "github.com/sfneal/PyPDF3", True),
    ("pypdf4", 2018, _LAST, "pypdf", "github.com/claird/PyPDF4", True),
    ("bleach", 2023, "is declared deprecated by its maintainers", "nh3", "github.com/mozilla/bleach/issues/698", True),
    ("html5lib", 2020, _LAST, "lxml or selectolax; nh3 to clean", "github.com/html5lib/html5lib-python", True),
    ("pdfkit", 2021, _SAID, "weasyprint", "github.com/JazzCore/python-pdfkit", True),
    ("imgkit", 2023, "calls wkhtmltoimage, which is archived", "playwright", "github.com/wkhtmltopdf/wkhtmltopdf", True),
    ("wkhtmltopdf", 2011, _LAST, "weasyprint", "github.com/wkhtmltopdf/wkhtmltopdf", True),
    ("misaka", 2018, _LAST, "markdown-it-py", "github.com/FSX/misaka", True),
    ("recommonmark", 2020, _SAID, "myst-parser", "github.com/readthedocs/recommonmark", False),
    ("pyclamd", 2017, _LAST, "clamd", "github.com/cisco-talos/clamav", True),
    ("filemagic", 2013, _LAST, "python-magic or puremagic", "github.com/aliles/filemagic", True),
    ("validate-email", 2015, _LAST, "email-validator", "github.com/syrusakbary/validate_email", True),
    ("beautifulsoup", 2019, _MOVED, "beautifulsoup4", "www.crummy.com/software/BeautifulSoup", True),
    ("toml", 2020, _LAST, "tomllib, tomli or tomlkit", "github.com/uiri/toml", False),
    ("pytoml", 2019, _SAID, "tomllib or tomli", "github.com/avakar/pytoml", True),
    ("suds-jurko", 2014, _LAST, "zeep", "github.com/suds-community/suds", True),
    ("docx", 2014, _MOVED, "python-docx", "github.com/python-openxml/python-docx", True),
    ("xlwt", 2017, _SAID, "openpyxl", "github.com/python-excel/xlwt", False),
    # Stores and queues.
    ("aioredis", 2021, "is part of redis since 4.2", "redis (redis.asyncio)", "github.com/aio-libs-abandoned/aioredis-py", True),
    ("asyncio-redis", 2020, _LAST, "redis (redis.asyncio)", "github.com/jonathanslenders/asyncio-redis", False),
    ("aredis", 2020, _LAST, "redis (redis.asyncio)", "github.com/NoneGG/aredis", False),
    ("redis-py-cluster", 2021, "is part of redis since 4.1", "redis", "github.com/Grokzen/redis-py-cluster", False),
    ("motor", 2025, "is declared deprecated by its maintainers", "pymongo (AsyncMongoClient)", "www.mongodb.com/docs/drivers/motor", False),
    ("databases", 2024, _LAST, "sqlalchemy (sqlalchemy.ext.asyncio)", "github.com/encode/databases", False),
    ("orm", 2021, _LAST, "sqlalchemy", "github.com/encode/orm", False),
    ("gino", 2022, _LAST, "sqlalchemy (sqlalchemy.ext.asyncio)", "github.com/python-gino/gino", False),
    ("asyncpgsa", 2021, _LAST, "sqlalchemy (postgresql+asyncpg)", "github.com/CanopyTax/asyncpgsa", False),
    ("aiopg", 2023, _LAST, "psycopg or asyncpg", "github.com/aio-libs/aiopg", False),
    ("sqlalchemy-aio", 2022, _LAST, "sqlalchemy (sqlalchemy.ext.asyncio)", "github.com/RazerM/sqlalchemy_aio", False),
    ("fastapi-sqlalchemy", 2020, _LAST, "a dependency that gives a session", "github.com/mfreeborn/fastapi-sqlalchemy", False),
    ("mysql-python", 2014, _LAST, "mysqlclient", "github.com/farcepest/MySQLdb1", False),
    ("mysql-connector", 2019, _MOVED, "mysql-connector-python", "dev.mysql.com/doc/connector-python/en", False),
    ("cx-oracle", 2021, _MOVED, "oracledb", "github.com/oracle/python-cx_Oracle", False),
    ("elasticsearch-async", 2018, "is part of elasticsearch since 7.8", "elasticsearch (AsyncElasticsearch)", "github.com/elastic/elasticsearch-py-async", False),
    ("aioamqp", 2022, _LAST, "aio-pika", "github.com/Polyconseil/aioamqp", False),
    ("pykafka", 2018, _LAST, "aiokafka or confluent-kafka", "github.com/Parsely/pykafka", False),
    ("kafka", 2017, _MOVED, "kafka-python", "github.com/dpkp/kafka-python", False),
    ("hbmqtt", 2020, _LAST, "aiomqtt or amqtt", "github.com/beerfactory/hbmqtt", False),
    ("asyncio-mqtt", 2023, _MOVED, "aiomqtt", "github.com/empicano/aiomqtt", False),
    ("python-consul", 2018, _LAST, "py-consul", "github.com/cablehead/python-consul", False),
    # Parts of FastAPI applications.
    ("fastapi-cache", 2021, _LAST, "fastapi-cache2 or aiocache", "github.com/comeuplater/fastapi_cache", False),
    ("fastapi-versioning", 2021, _LAST, "one router for each version", "github.com/DeanWay/fastapi-versioning", False),
    ("fastapi-crudrouter", 2023, _LAST, "routes of your own", "github.com/awtkns/fastapi-crudrouter", False),
    ("fastapi-contrib", 2021, _LAST, "its parts, each by itself", "github.com/identixone/fastapi_contrib", False),
    ("fastapi-socketio", 2023, _LAST, "python-socketio", "github.com/pyropy/fastapi-socketio", False),
    ("apistar", 2019, _SAID, "fastapi", "github.com/encode/apistar", False),
    ("typesystem", 2021, _LAST, "pydantic", "github.com/encode/typesystem", False),
    ("tartiflette", 2021, _LAST, "strawberry-graphql or ariadne", "github.com/tartiflette/tartiflette", True),
    ("graphql-core-next", 2019, _MOVED, "graphql-core", "github.com/graphql-python/graphql-core", True),
    ("meinheld", 2020, _LAST, "uvicorn or granian", "github.com/mopemope/meinheld", True),
    ("nest-asyncio", 2024, "is archived", "no nested loops, or nest-asyncio2", "github.com/erdewit/nest_asyncio", False),
    ("ratelimit", 2018, _LAST, "limits", "github.com/tomasbasham/ratelimit", False),
    ("ratelimiter", 2017, _LAST, "limits", "github.com/RazerM/ratelimiter", False),
    ("retry", 2016, _LAST, "tenacity or stamina", "github.com/invl/retry", False),
    ("backoff", 2022, _LAST, "tenacity or stamina", "github.com/litl/backoff", False),
    # What watches applications.
    ("raven", 2018, _MOVED, "sentry-sdk", "github.com/getsentry/raven-python", False),
    ("opentracing", 2020, "is archived", "opentelemetry-api", "github.com/opentracing/opentracing-python", False),
    ("jaeger-client", 2021, "is archived", "opentelemetry-sdk", "github.com/jaegertracing/jaeger-client-python", False),
    ("starlette-opentracing", 2020, _LAST, "opentelemetry-instrumentation-fastapi", "github.com/acidjunk/starlette-opentracing", False),
    ("opencensus", 2023, _SAID, "opentelemetry-sdk", "github.com/census-instrumentation/opencensus-python", False),
    ("applicationinsights", 2021, _SAID, "azure-monitor-opentelemetry", "github.com/microsoft/ApplicationInsights-Python", False),
    ("python-logstash", 2022, _LAST, "python-logstash-async", "github.com/vklochan/python-logstash", False),
    # Clients of services.
    ("boto", 2018, _SAID, "boto3", "github.com/boto/boto", False),
    ("azure", 2020, _SAID, "the azure- package of each service", "github.com/Azure/azure-sdk-for-python", False),
    ("azure-storage", 2020, _SAID, "azure-storage-blob", "github.com/Azure/azure-storage-python", False),
    ("azure-cosmosdb-table", 2019, _SAID, "azure-data-tables", "github.com/Azure/azure-cosmos-table-python", False),
    ("google-cloud", 2018, _SAID, "the google-cloud- package of each service", "github.com/googleapis/google-cloud-python", False),
    ("gcloud", 2016, _MOVED, "the google-cloud- package of each service", "github.com/googleapis/google-cloud-python", False),
    ("slackclient", 2022, _MOVED, "slack-sdk", "github.com/slackapi/python-slack-sdk", False),
    ("docker-py", 2016, _MOVED, "docker", "github.com/docker/docker-py", False),
    ("docker-compose", 2021, _SAID, "the compose plug-in of Docker", "docs.docker.com/compose/releases/migrate", False),
    ("pygeoip", 2014, _SAID, "geoip2", "github.com/appliedsec/pygeoip", False),
    # Small helpers.
    ("sklearn", 2023, "is a name that its owners withdraw", "scikit-learn", "github.com/scikit-learn/sklearn-pypi-package", False),
    ("dotenv", 2025, "is declared deprecated by its maintainers", "python-dotenv", "github.com/theskumar/python-dotenv", False),
    ("slugify", 2010, _LAST, "python-slugify", "github.com/un33k/python-slugify", False),
    ("awesome-slugify", 2015, _LAST, "python-slugify", "github.com/voronind/awesome-slugify", False),
    ("pyqrcode", 2016, _LAST, "segno", "github.com/mnooner256/pyqrcode", False),
    ("fuzzywuzzy", 2020, _MOVED, "thefuzz or rapidfuzz", "github.com/seatgeek/thefuzz", False),
    ("distribute", 2013, _MOVED, "setuptools", "github.com/pypa/setuptools", False),
    # What tests with.
    ("nose", 2015, _SAID, "pytest", "github.com/nose-devs/nose", False),
    ("asynctest", 2019, _LAST, "unittest.IsolatedAsyncioTestCase", "github.com/Martiusweb/asynctest", False),
    ("pytest-runner", 2023, _SAID, "pytest", "github.com/pytest-dev/pytest-runner", False),
    ("unittest2", 2015, _STDLIB, "unittest", "docs.python.org/3/library/unittest.html", False),
    # What Python itself has now.
    ("enum34", 2020, _STDLIB, "enum", "docs.python.org/3/library/enum.html", False),
    ("pathlib", 2022, _STDLIB, "pathlib of Python", "docs.python.org/3/library/pathlib.html", False),
    ("typing", 2021, _STDLIB, "typing of Python", "docs.python.org/3/library/typing.html", False),
    ("dataclasses", 2020, _STDLIB, "dataclasses of Python", "docs.python.org/3/library/dataclasses.html", False),
    ("futures", 2022, _STDLIB, "concurrent.futures", "docs.python.org/3/library/concurrent.futures.html", False),
    ("contextvars", 2019, _STDLIB, "contextvars of Python", "docs.python.org/3/library/contextvars.html", False),
    ("aiocontextvars", 2019, _STDLIB, "contextvars", "docs.python.org/3/library/contextvars.html", False),
    ("async-generator", 2018, _STDLIB, "contextlib.asynccontextmanager", "docs.python.org/3/library/contextlib.html", False),
    ("async-exit-stack", 2018, _STDLIB, "contextlib.AsyncExitStack", "docs.python.org/3/library/contextlib.html", False),
    ("uuid", 2007, _STDLIB, "uuid of Python", "docs.python.org/3/library/uuid.html", False),
    ("argparse", 2015, _STDLIB, "argparse of Python", "docs.python.org/3/library/argparse.html", False),
    ("asyncio", 2025, _STDLIB, "asyncio of Python", "docs.python.org/3/library/asyncio.html", False),
    ("hmac", 2010, _STDLIB, "hmac of Python", "docs.python.org/3/library/hmac.html", True),
    ("trollius", 2021, _STDLIB, "asyncio", "docs.python.org/3/library/asyncio.html", False),
)  # fmt: skip
ABANDONED: Final = {row[0]: Abandoned(*row) for row in _ROWS}
"""By name."""
SILENT: Final = _LAST
"""How ``why`` ends where the year belongs to it."""
