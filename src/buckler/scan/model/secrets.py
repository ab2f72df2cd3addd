"""Tells a real secret from a placeholder, and a weak one from a good one: CWE-798, CWE-326."""

from __future__ import annotations

import math
import re
from collections import Counter

COMMON = (
    *tuple(
        "secret secretkey secret_key secret-key mysecret my_secret my-secret mysecretkey my_secret_key my-secret-key "
        "supersecret super_secret super-secret supersecretkey super_secret_key super-secret-key topsecret top-secret "
        "verysecret very-secret verysecretkey secret123 secret1234 secret12345 changeme change_me change-me "
        "changethis change_this change-this changeit pleasechangeme please-change-me replaceme replace-me "
        "password password1 password123 passw0rd p@ssw0rd Passw0rd letmein qwerty qwerty123 123456 12345678 "
        "123456789 1234567890 abc123 admin administrator root test testing test123 testkey test-key test_secret "
        "test-secret testsecret testsecretkey dev develop development devsecret dev-secret dev_secret devkey dev-key "
        "dev-secret-key prod production staging local default defaultsecret default-secret key mykey my_key my-key "
        "jwt jwtsecret jwt_secret jwt-secret jwtkey jwt-key jwt_secret_key jwt-secret-key token mytoken auth authsecret "
        "hs256 hmac hmackey sign signing signingkey signing-key signing_key session sessionsecret session-secret "
        "cookie private privatekey private-key public fastapi starlette flask django python uvicorn example sample "
        "demo hello helloworld hello-world your-256-bit-secret your-secret-key your_secret_key your-secret "
        "your_secret yoursecret yoursecretkey your-jwt-secret shhhh shhhhh keyboardcat ilovepython foobar foo bar "
        "a-string-secret-at-least-256-bits-long not-so-secret notsosecret insecure insecure-secret xxx none null".split()
    ),
    "keyboard cat",
    "keyboard-cat",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
)
"""Secrets that are tried first; the long one stands in FastAPI's own tutorial."""

FORMATS = (
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    (
        "a GitHub token",
        re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})\b"),
    ),
    ("a GitLab token", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}\b")),
    ("a Stripe key", re.compile(r"\b[rs]k_live_[0-9A-Za-z]{16,}\b")),
    ("a Slack token", re.compile(r"\bxox[abeoprs]-[0-9A-Za-z-]{10,}\b")),
    ("a Slack webhook", re.compile(r"https://hooks\.slack\.com/services/T\w+/B\w+/\w{16,}")),
    ("a Google API key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b")),
    ("a SendGrid key", re.compile(r"\bSG\.[\w-]{20,}\.[\w-]{30,}\b")),
    ("a PyPI token", re.compile(r"\bpypi-AgEIcHlwaS5vcmc[\w-]{40,}\b")),
    ("an npm token", re.compile(r"\bnpm_[A-Za-z0-9]{36}\b")),
    ("an Anthropic key", re.compile(r"\bsk-ant-[\w-]{24,}\b")),
    ("an OpenAI key", re.compile(r"\bsk-(?:proj-)?[A-Za-z0-9_-]{32,}\b")),
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{30,}\b")),
    ("a Telegram token", re.compile(r"\b\d{8,10}:AA[\w-]{33}\b")),
    (
        "a private key",
        re.compile(
            r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\\n|\s)+[A-Za-z0-9+/=:, -]{16,}"
        ),
    ),
)
_HINT = re.compile(
    r"A[KS]IA|gh[pousr]_|github_pat_|glpat-|k_live_|xox|hooks\.slack|AIza|SG\.|pypi-|npm_|sk-|hf_|:AA|"
    r"PRIVATE KEY|://|password=|pwd=",
    re.IGNORECASE,
)
URL_PASSWORD = re.compile(
    r"\b[a-z][a-z0-9+.-]*://([^\s/:@'\"]*):([^\s/@'\"]+)@[\w.-]+", re.IGNORECASE
)
_DSN_PASSWORD = re.compile(r"\b(?:password|pwd)=([^\s;'\"&]+)", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"change[-_ ]?(?:me|this|it|in)|replace[-_ ]?(?:me|this|with)|your[-_ ]|^your|my[-_ ]?(?:secret|password|token|key|api)|"
    r"place[-_ ]?holder|example|sample|dummy|fake|todo|fixme|insert[-_ ]|enter[-_ ]|put[-_ ]|fill[-_ ]|"
    r"not[-_ ]?(?:set|used|a[-_ ]|so[-_ ]|real|needed|for)|unset|redacted|undefined|x{3,}|\*{2,}|\.{3}|…|<[^>]*>|\$\{|\{\{|%\(|\$\(|"
    r"^\$|insecure|for[-_ ]?(?:dev|test|local|demo)|only[-_ ]|^(?:test|dev|local|demo|ci|build|unit)[-_ ]",
    re.IGNORECASE,
)
_DIGEST = re.compile(
    r"^(?:\$(?:2[abxy]|argon2\w*|scrypt|pbkdf2[\w-]*|[156]|apr1)\$|pbkdf2[:_]|scrypt:|\{[A-Z0-9]+\}|sha\d+[:$-])"
)


def entropy(value: str) -> float:
    """Shannon entropy of the characters, in bits for each of them."""
    counts = Counter(value).values()
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts) if value else 0.0


def is_common(value: str) -> bool:
    """Whether a secret is one of those that are tried first."""
    return value.lower() in _COMMON


_COMMON = frozenset(word.lower() for word in COMMON)


def is_placeholder(value: str) -> bool:
    """Whether a text only stands where a secret belongs: empty, a hint, a variable, a common word."""
    stripped = value.strip()
    return (
        len(stripped) < 4
        or is_common(stripped)
        or bool(_PLACEHOLDER.search(stripped))
        or len(set(stripped.lower())) < 4
    )


def is_digest(value: str) -> bool:
    """Whether a text is the hash of a secret and not the secret."""
    return bool(_DIGEST.match(value))


def is_weak_key(value: str) -> str:
    """Why a text is no key to sign with; empty where it is one."""
    if is_common(value) or bool(_PLACEHOLDER.search(value)):
        return "it is a well-known word"
    if len(value.encode()) < 32:
        return f"it has {len(value.encode())} of 32 bytes"
    return "it repeats a few characters" if len(set(value)) < 8 else ""


def may_be_credential(value: str) -> bool:
    """Whether it is worth a closer look whether a text is a credential by its form; fast."""
    return _HINT.search(value) is not None


def known_format(value: str) -> str:
    """What kind of credential a text holds by its shape; empty where by none."""
    for label, pattern in FORMATS:
        found = pattern.search(value)
        if found is not None and not re.search(
            r"EXAMPLE|x{6,}|0{8,}|1234567890", found.group(), re.IGNORECASE
        ):
            return label
    return ""


def url_password(value: str) -> str:
    """The password in a URL or a connection string, where it is a real one."""
    found = URL_PASSWORD.search(value)
    password = found.group(2) if found else ""
    if not password and ("host=" in value or "dbname=" in value or "server=" in value.lower()):
        match = _DSN_PASSWORD.search(value)
        password = match.group(1) if match else ""
    user = found.group(1) if found else ""
    own = password.lower() in {
        user.lower(),
        "postgres",
        "postgresql",
        "mysql",
        "redis",
        "guest",
        "pass",
        "user",
        "admin",
    }
    return "" if own or is_placeholder(password) else password


def looks_random(value: str) -> bool:
    """Whether nobody would write this by hand for another purpose than a secret."""
    if len(value) < 12 or re.search(r"\s", value) or is_placeholder(value):
        return False
    mixed = sum(bool(re.search(c, value)) for c in ("[a-z]", "[A-Z]", "[0-9]"))
    if re.fullmatch(r"[0-9a-fA-F]+", value):
        return len(value) >= 24 and entropy(value) > 3.0
    return mixed >= 2 and bool(re.search(r"\d", value)) and entropy(value) >= 3.2
