"""The names that a web project means to install, and names that are taken for them.

Whoever registers ``reqeusts`` waits for a slip of the finger (CWE-1357). Written down are the packages that such a
slip leads away from, not all that exist; beside them those that look like one of them and are what they seem.
"""

from __future__ import annotations

from typing import Final

WELL_KNOWN: Final = frozenset(
    """
    aiobotocore aiocache aiofiles aiohttp aiokafka aiomysql aioredis aiosmtplib aiosqlite alembic amqp aniso8601
    annotated-types anyio apprise apscheduler argon2-cffi ariadne arrow asgiref asyncpg attrs authlib autobahn
    azure-identity azure-storage-blob babel bcrypt beanie beautifulsoup4 billiard bleach blinker boto3 botocore
    cachetools cassandra-driver celery certifi cffi channels chardet charset-normalizer cheroot cherrypy click
    cloudpickle colorama confluent-kafka coverage cryptography cython daphne dateparser defusedxml django
    django-cors-headers djangorestframework dnspython docker dramatiq ecdsa elasticsearch email-validator environs
    fakeredis fastapi fastapi-cache2 fastapi-cli fastapi-limiter fastapi-mail fastapi-pagination fastapi-users
    fastavro fastmcp feedparser filelock flask flask-cors flask-login flask-sqlalchemy geoip2 gevent gitpython
    google-api-core google-auth google-cloud-storage gql granian graphene graphql-core greenlet grpcio gunicorn
    hiredis html5lib httpcore httptools httpx huggingface-hub humanize hypercorn hypothesis importlib-metadata
    influxdb-client itsdangerous jinja2 jmespath joblib joserfc jsonschema kafka-python keyring kombu kubernetes
    langchain langchain-core litellm loguru lxml mako marshmallow markdown markdown-it-py markupsafe matplotlib
    minio mongoengine motor msgpack multidict mysqlclient networkx numpy oauthlib openai opencv-python openpyxl
    opentelemetry-api opentelemetry-sdk oracledb orjson packaging pandas paramiko passlib pendulum phonenumbers
    pillow playwright prometheus-client prometheus-fastapi-instrumentator protobuf psutil psycopg psycopg2
    psycopg2-binary pwdlib pyarrow pyasn1 pycryptodome pycryptodomex pydantic pydantic-core pydantic-settings
    pygments pyjwt pymongo pymysql pynacl pyodbc pyopenssl pyotp pyparsing pypdf pytest pytest-asyncio pytest-cov
    python-dateutil python-decouple python-dotenv python-jose python-json-logger python-ldap python-magic
    python-multipart python-slugify python-socketio pyyaml qdrant-client qrcode rapidfuzz redis reportlab requests
    requests-oauthlib rsa ruamel-yaml s3transfer sanic scikit-learn scipy selenium sendgrid sentry-sdk setuptools
    simplejson slack-sdk slowapi sniffio sortedcontainers soupsieve sqlalchemy sqlalchemy-utils sqlglot sqlmodel
    sqlparse sse-starlette starlette strawberry-graphql stripe structlog tabulate taskiq telethon tenacity
    tensorflow tomlkit torch tornado tortoise-orm tqdm transformers trio twilio twisted typer typing-extensions
    tzdata tzlocal ujson urllib3 uvicorn uvicorn-worker uvloop virtualenv watchdog watchfiles weasyprint
    webauthn websockets werkzeug wheel wsproto wtforms xmltodict yarl zeep zstandard
    """.split()
)
"""Normalised (PEP 503)."""

GENUINE: Final = frozenset(
    """
    aiofile aiomcache appraise attr beautifulsoup boto cattrs cchardet djongo fastai google-oauth grapheme
    humansize ijson markdown2 moto opencc-python panda paymongo psutils pyaml pymssql scrypt sqlglotc strip
    tornadio unicorn webauth wtform
    """.split()
)
"""Names like those above that belong to packages of their own."""

_SHORT: Final = "it is what the module is called, not the package"
_WORDS: Final = "the words are in another order, or one of them is missing"
CONFUSED: Final = {
    "request": ("requests", "a letter is missing"),
    "yaml": ("pyyaml", _SHORT),
    "cv2": ("opencv-python", _SHORT),
    "dateutil": ("python-dateutil", _SHORT),
    "crypto": ("pycryptodome", _SHORT),
    "magic": ("python-magic", _SHORT),
    "ldap": ("python-ldap", _SHORT),
    "socketio": ("python-socketio", _SHORT),
    "decouple": ("python-decouple", _SHORT),
    "mysqldb": ("mysqlclient", _SHORT),
    "rest-framework": ("djangorestframework", _SHORT),
    "skimage": ("scikit-image", _SHORT),
    "jinja": ("jinja2", "the number is missing"),
    "psycopg2-bin": ("psycopg2-binary", _WORDS),
    "python-fastapi": ("fastapi", _WORDS),
    "python-requests": ("requests", _WORDS),
    "multipart-python": ("python-multipart", _WORDS),
    "jose-python": ("python-jose", _WORDS),
    "dotenv-python": ("python-dotenv", _WORDS),
    "settings-pydantic": ("pydantic-settings", _WORDS),
    "bs": ("beautifulsoup4", _SHORT),
    "pytorch": ("torch", _WORDS),
    "discordpy": ("discord-py", "a hyphen is between"),
}  # fmt: skip
"""Names that are nothing like a slip and still taken for another one: (meant, how)."""
