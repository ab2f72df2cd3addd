"""What functions of libraries do to input: keep it, take it apart, make it harmless.

Everything else of the standard library is taken to give back what it is given; a function of another
library is not, since most of them look something up.
"""

from __future__ import annotations

import sys
from functools import cache

from buckler.scan.engines.source.flow.libraries.names import expanded

_HARMLESS = """
builtins.{len,int,float,bool,ord,hash,id,abs,sum,round,isinstance,issubclass,hasattr,callable,range,complex,divmod,pow,bin,hex,oct,type}
math.* statistics.* time.* datetime.* uuid.{UUID,uuid1,uuid4,uuid3,uuid5} decimal.Decimal fractions.Fraction
hashlib.* secrets.* hmac.digest random.* zlib.crc32 zlib.adler32 binascii.{hexlify,crc32} base64.{b64encode,urlsafe_b64encode,b32encode,b16encode,standard_b64encode,b85encode}
os.{getpid,urandom,cpu_count,getcwd,stat,listdir,scandir,makedirs,mkdir,getenv} os.path.{exists,isfile,isdir,getsize,getmtime,islink,isabs,samefile}
ipaddress.* socket.* shutil.{which,disk_usage,get_terminal_size} platform.* calendar.* locale.* inspect.* traceback.* sys.* gc.* weakref.* threading.* signal.* struct.calcsize
logging.* warnings.* contextlib.{suppress,closing,nullcontext,redirect_stdout} enum.* abc.* typing.* types.SimpleNamespace mimetypes.guess_type mimetypes.guess_extension
asyncio.{sleep,Lock,Event,Semaphore} subprocess.* pprint.pprint builtins.print
zoneinfo.ZoneInfo string.capwords
"""
_DECODERS = """
urllib.parse.{unquote,unquote_plus,unquote_to_bytes} html.unescape base64.{b64decode,urlsafe_b64decode,b32decode,b16decode,standard_b64decode,b85decode}
binascii.{unhexlify,a2b_hex,a2b_base64} codecs.decode json.loads json.load ast.literal_eval
"""
_KEEPS = """
starlette.concurrency.run_in_threadpool bleach.linkify slugify.slugify unidecode.unidecode jsonable_encoder fastapi.encoders.jsonable_encoder
markdown.markdown markdown2.markdown mistune.html mistune.markdown commonmark.commonmark chardet.detect ftfy.fix_text
pydantic.{SecretStr,SecretBytes,AnyUrl,HttpUrl,FilePath,DirectoryPath} furl.furl yarl.URL httpx.URL msgpack.{packb,unpackb} toml.loads tomllib.loads
itsdangerous.want_bytes werkzeug.utils.escape sqlparse.format textwrap.dedent django.utils.encoding.{force_str,smart_str} six.ensure_str
sqlalchemy.{literal_column,text,desc,asc,column} starlette.datastructures.URL lxml.etree.tostring
"""


@cache
def _set(text: str) -> tuple[frozenset[str], tuple[str, ...]]:
    names = [n for word in text.split() for n in expanded(word)]
    exact = frozenset(n for n in names if not n.endswith("*"))
    return exact, tuple(n[:-1] for n in names if n.endswith("*"))


def _in(text: str, name: str) -> bool:
    exact, prefixes = _set(text)
    return name in exact or name.startswith(prefixes)


@cache
def harmless(name: str) -> bool:
    """Whether the result holds nothing of the arguments that could do harm."""
    return _in(_HARMLESS, name)


@cache
def decodes(name: str) -> bool:
    """Whether the result is the arguments without an encoding, so that what was escaped is not any more."""
    return _in(_DECODERS, name)


@cache
def keeps(name: str) -> bool:
    """Whether the result is made of the arguments."""
    if harmless(name):
        return False
    if _in(_KEEPS, name) or _in(_DECODERS, name):
        return True
    return name.partition(".")[0] in sys.stdlib_module_names or name.startswith("builtins.")
