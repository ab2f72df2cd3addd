"""Which calls and attributes of libraries give an object of which class.

One line each: a dotted name, ``->`` for what calling it gives or ``:`` for an attribute, and the class.
"""

from __future__ import annotations

from functools import cache

from buckler.scan.engines.source.flow.libraries.names import expanded

_TABLE = """
sqlite3.connect -> sqlite3.Connection
{aiosqlite,sqlite3,psycopg,psycopg2,pymysql,MySQLdb,mysql.connector,asyncpg,aiomysql,oracledb}.connect -> dbapi.Connection
sqlite3.Connection.{cursor,execute,executemany,executescript,__enter__} -> dbapi.Cursor
dbapi.Connection.{cursor,execute,executemany,executescript,transaction,prepare} -> dbapi.Cursor
dbapi.Connection.{__enter__,__aenter__} -> dbapi.Connection
dbapi.Cursor.{execute,__enter__,__aenter__,executemany} -> dbapi.Cursor
asyncpg.create_pool -> dbapi.Pool
{psycopg.ConnectionPool,psycopg.AsyncConnectionPool,aiomysql.create_pool,asyncpg.Pool} -> dbapi.Pool
dbapi.Pool.{acquire,connection,getconn} -> dbapi.Connection
psycopg.{Connection,AsyncConnection}.connect -> dbapi.Connection
{asyncpg,psycopg,psycopg2,aiosqlite,sqlite3}.{Connection,AsyncConnection} -> dbapi.Connection
sqlalchemy.create_engine -> sqlalchemy.Engine
sqlalchemy.ext.asyncio.create_async_engine -> sqlalchemy.Engine
sqlalchemy.ext.asyncio.AsyncEngine -> sqlalchemy.Engine
sqlalchemy.Engine.{connect,begin,raw_connection} -> sqlalchemy.Connection
sqlalchemy.Connection.{execute,exec_driver_sql,scalars,stream,execution_options} -> sqlalchemy.Result
sqlalchemy.orm.sessionmaker -> sqlalchemy.orm.sessionmaker
sqlalchemy.ext.asyncio.async_sessionmaker -> sqlalchemy.orm.sessionmaker
sqlalchemy.orm.scoped_session -> sqlalchemy.orm.sessionmaker
sqlalchemy.orm.sessionmaker.{__call__,begin} -> sqlalchemy.orm.Session
sqlalchemy.orm.{Session,AsyncSession} -> sqlalchemy.orm.Session
sqlalchemy.ext.asyncio.AsyncSession -> sqlalchemy.orm.Session
sqlalchemy.orm.Session.{begin,__enter__,__aenter__} -> sqlalchemy.orm.Session
sqlalchemy.orm.Session.connection -> sqlalchemy.Connection
sqlalchemy.orm.Session.{execute,exec,scalars,stream} -> sqlalchemy.Result
sqlalchemy.orm.Session.query -> sqlalchemy.orm.Query
sqlalchemy.orm.Query.{filter,filter_by,order_by,where,join,options,limit,offset,group_by,having,distinct,from_statement,with_entities} -> sqlalchemy.orm.Query
sqlalchemy.{select,insert,update,delete,table} -> sqlalchemy.Select
sqlalchemy.Select.{where,filter,filter_by,order_by,join,limit,offset,group_by,having,values,returning,distinct,options,select_from} -> sqlalchemy.Select
databases.Database -> databases.Database
pymongo.{MongoClient,AsyncMongoClient} -> pymongo.Client
motor.{AsyncIOMotorClient,AsyncIOMotorDatabase} -> pymongo.Client
pymongo.Client.{__getitem__,get_database,get_default_database} -> pymongo.Database
pymongo.Database.{__getitem__,get_collection} -> pymongo.Collection
{httpx.Client,httpx.AsyncClient,requests.Session,requests.session,aiohttp.ClientSession,niquests.Session} -> http.Client
http.Client.{__enter__,__aenter__} -> http.Client
http.Client.{get,post,put,patch,delete,head,options,request,send,stream} -> http.Response
{httpx,requests,niquests,aiohttp}.{get,post,put,patch,delete,head,options,request,stream} -> http.Response
urllib.request.urlopen -> http.Response
pandas.{DataFrame,read_csv,read_excel,read_json,read_parquet,read_sql,read_sql_query,read_table,read_feather,concat,merge} -> pandas.DataFrame
pandas.DataFrame.{copy,head,tail,query,eval,dropna,fillna,reset_index,sort_values,rename,assign,merge,filter,sample} -> pandas.DataFrame
jinja2.Environment -> jinja2.Environment
jinja2.sandbox.{SandboxedEnvironment,ImmutableSandboxedEnvironment} -> jinja2.sandbox.Environment
jinja2.Environment.{get_template,select_template} -> jinja2.Loaded
jinja2.Environment.from_string -> jinja2.Template
jinja2.Template -> jinja2.Template
jinja2.sandbox.Environment.from_string -> jinja2.sandbox.Template
starlette.templating.Jinja2Templates -> starlette.templating.Jinja2Templates
starlette.templating.Jinja2Templates.env : jinja2.Environment
starlette.templating.Jinja2Templates.get_template -> jinja2.Loaded
pathlib.Path.{cwd,home} -> pathlib.Path
tempfile.{mkdtemp,gettempdir,mkstemp} -> builtins.str
logging.{getLogger,Logger,LoggerAdapter} -> logging.Logger
logging.{Logger,LoggerAdapter}.{getChild,bind} -> logging.Logger
structlog.{get_logger,getLogger,stdlib.get_logger} -> logging.Logger
loguru.logger : logging.Logger
loguru.logger.{bind,opt,patch} -> logging.Logger
zipfile.ZipFile -> zipfile.ZipFile
zipfile.ZipFile.__enter__ -> zipfile.ZipFile
tarfile.{open,TarFile,TarFile.open} -> tarfile.TarFile
tempfile.{NamedTemporaryFile,TemporaryFile,SpooledTemporaryFile} -> tempfile.File
tempfile.File.__enter__ -> tempfile.File
xml.sax.make_parser -> xml.sax.Parser
tarfile.TarFile.__enter__ -> tarfile.TarFile
csv.{writer,DictWriter} -> csv.writer
lxml.etree.{parse,fromstring,XML,HTML} -> lxml.etree.Element
lxml.html.{parse,fromstring} -> lxml.etree.Element
xml.etree.ElementTree.{parse,fromstring,XML} -> xml.etree.ElementTree.Element
lxml.etree.XMLParser -> lxml.etree.XMLParser
ldap3.Connection -> ldap3.Connection
ldap3.Connection.extend : ldap3.Extended
ldap3.Extended.standard : ldap3.Extended
ldap.ldapobject.{LDAPObject,SimpleLDAPObject,ReconnectLDAPObject} -> ldap.LDAPObject
bonsai.LDAPClient.connect -> bonsai.LDAPConnection
lxml.etree.Element.{getroot,getparent,getnext,find} -> lxml.etree.Element
lxml.etree.XPathEvaluator -> lxml.etree.XPathEvaluator
lxml.objectify.{parse,fromstring} -> lxml.etree.Element
xml.etree.ElementTree.Element.{getroot,find} -> xml.etree.ElementTree.Element
defusedxml.ElementTree.{parse,fromstring,XML} -> xml.etree.ElementTree.Element
xml.etree.ElementTree.ElementTree -> xml.etree.ElementTree.Element
parsel.Selector -> parsel.Selector
openpyxl.{Workbook,load_workbook} -> openpyxl.Workbook
openpyxl.Workbook.active : openpyxl.Worksheet
openpyxl.Workbook.{create_sheet,__getitem__} -> openpyxl.Worksheet
xlsxwriter.Workbook -> xlsxwriter.Workbook
xlsxwriter.Workbook.__enter__ -> xlsxwriter.Workbook
xlsxwriter.Workbook.add_worksheet -> xlsxwriter.Worksheet
ldap.initialize -> ldap.LDAPObject
re.compile -> re.Pattern
hashlib.{md5,sha1,sha224,sha256,sha384,sha512,sha3_224,sha3_256,sha3_384,sha3_512,blake2b,blake2s,new} -> hashlib.Hash
{openai.OpenAI,openai.AsyncOpenAI,openai.AzureOpenAI,openai.AsyncAzureOpenAI,groq.Groq,groq.AsyncGroq,anthropic.Anthropic,anthropic.AsyncAnthropic,mistralai.Mistral} -> llm.Client
llm.Client.{chat,beta} : llm.Client
llm.Client.{completions,messages,responses} : llm.Completions
{langchain_openai,langchain_anthropic,langchain_community.chat_models,langchain_ollama,langchain_mistralai}.{ChatOpenAI,OpenAI,ChatAnthropic,ChatOllama,OllamaLLM,ChatMistralAI,AzureChatOpenAI} -> llm.Chat
google.generativeai.GenerativeModel -> llm.Chat
llm.Chat.{bind,with_config,with_retry,start_chat} -> llm.Chat
zlib.decompressobj -> zlib.Decompressor
asyncio.{get_event_loop,get_running_loop,new_event_loop} -> asyncio.Loop
concurrent.futures.{ThreadPoolExecutor,ProcessPoolExecutor} -> concurrent.futures.Executor
{queue.Queue,queue.SimpleQueue,queue.LifoQueue,queue.PriorityQueue,asyncio.Queue,multiprocessing.Queue} -> queue.Queue
contextlib.ExitStack -> contextlib.ExitStack
contextlib.ExitStack.__enter__ -> contextlib.ExitStack
contextlib.AsyncExitStack -> contextlib.AsyncExitStack
contextlib.AsyncExitStack.__aenter__ -> contextlib.AsyncExitStack
string.Template -> string.Template
contextvars.ContextVar -> contextvars.ContextVar
io.{StringIO,BytesIO} -> io.Buffer
redis.{Redis,StrictRedis,from_url,asyncio.Redis,asyncio.from_url} -> redis.Redis
smtplib.{SMTP,SMTP_SSL} -> smtplib.SMTP
email.message.EmailMessage -> email.message.EmailMessage
boto3.{client,resource} -> boto3.Client
starlette.background.BackgroundTasks -> starlette.background.BackgroundTasks
starlette.responses.{Response,HTMLResponse,JSONResponse,PlainTextResponse,RedirectResponse,StreamingResponse,FileResponse}.headers : web.headers
starlette.responses.{Response,HTMLResponse,JSONResponse,PlainTextResponse,RedirectResponse,StreamingResponse,FileResponse}.raw_headers : web.raw_headers
{fastapi.responses.ORJSONResponse,django.http.HttpResponse,flask.Response}.headers : web.headers
starlette.templating.Jinja2Templates.TemplateResponse -> starlette.responses.HTMLResponse
flask.{make_response,redirect} -> flask.Response
django.shortcuts.{redirect,render} -> django.http.HttpResponse
starlette.datastructures.MutableHeaders -> web.headers
fastapi.{FastAPI,APIRouter} -> fastapi.APIRouter
starlette.applications.Starlette -> fastapi.APIRouter
starlette.routing.Router -> fastapi.APIRouter
{flask.Flask,flask.Blueprint,flask.app.Flask,flask.blueprints.Blueprint} -> flask.Flask
cryptography.hazmat.primitives.asymmetric.{rsa,ec,dsa,ed25519,ed448}.generate_private_key -> cryptography.PrivateKey
cryptography.hazmat.primitives.asymmetric.{rsa.RSAPrivateKey,ec.EllipticCurvePrivateKey,dsa.DSAPrivateKey} -> cryptography.PrivateKey
cryptography.hazmat.primitives.asymmetric.{rsa.RSAPublicKey,ec.EllipticCurvePublicKey,dsa.DSAPublicKey} -> cryptography.PublicKey
cryptography.hazmat.primitives.serialization.{load_pem_private_key,load_der_private_key,load_ssh_private_key} -> cryptography.PrivateKey
cryptography.hazmat.primitives.serialization.{load_pem_public_key,load_der_public_key,load_ssh_public_key} -> cryptography.PublicKey
cryptography.PrivateKey.public_key -> cryptography.PublicKey
cryptography.x509.{load_pem_x509_certificate,load_der_x509_certificate} -> cryptography.Certificate
cryptography.Certificate.public_key -> cryptography.PublicKey
cryptography.x509.{CertificateBuilder,CertificateSigningRequestBuilder,CertificateRevocationListBuilder} -> cryptography.Builder
cryptography.Builder.{subject_name,issuer_name,public_key,serial_number,not_valid_before,not_valid_after,add_extension,last_update,next_update} -> cryptography.Builder
paramiko.SSHClient -> paramiko.SSHClient
asyncssh.connect -> asyncssh.Connection
"""


@cache
def _tables() -> tuple[dict[str, str], dict[str, str]]:
    calls: dict[str, str] = {}
    attributes: dict[str, str] = {}
    for line in _TABLE.strip().splitlines():
        left, mark, right = line.rpartition(" -> ") if " -> " in line else line.rpartition(" : ")
        for name in expanded(left.strip()):
            (calls if "->" in mark else attributes)[name] = right.strip()
    return calls, attributes


def given_by(name: str) -> str | None:
    """The class of what a call gives."""
    return _tables()[0].get(name)


def attribute_class(name: str) -> str | None:
    """The class of an attribute."""
    return _tables()[1].get(name)


def class_known(name: str) -> str:
    """The name by which the tables know a class, e.g. of an annotation."""
    return _tables()[0].get(name, name) if name.rpartition(".")[2][:1].isupper() else name
