"""Which files of a web site's folder are no part of the site: CWE-552."""

from __future__ import annotations

import re

_SOURCE = re.compile(
    r"(^|/)(\.env(\.[\w.-]+)?|\.git/.+|\.svn/.+|\.hg/.+|\.htpasswd|\.npmrc|\.pypirc|\.netrc|id_(rsa|ed25519|ecdsa)|"
    r"docker-compose[\w.-]*\.ya?ml|Dockerfile|pyproject\.toml|uv\.lock|poetry\.lock|requirements[\w.-]*\.txt|alembic\.ini|"
    r"settings\.(ya?ml|toml|json|ini)|secrets?\.(ya?ml|toml|json|ini|txt)|config\.(ya?ml|toml|ini))$|"
    r"\.(py|pyc|pyi|db|sqlite3?|sqlite-journal|pem|key|p12|pfx|jks|keystore|sql|bak|dump|log|swp|jinja2?|j2)$",
    re.IGNORECASE,
)


def tells_of_source(name: str) -> bool:
    """Whether a file, by its relative path, is source, data or a secret of the application."""
    if name.lower().endswith((".example", ".sample", ".template")):
        return False
    return _SOURCE.search(name) is not None
