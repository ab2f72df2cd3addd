"""Debian's mod_auth_openidc in an Apache of the test's own, in front of a page."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ports import free_port

MODULES = Path("/usr/lib/apache2/modules")
INSTALL = "apt-get install --no-install-recommends apache2 libapache2-mod-auth-openidc"
_CONFIGURATION = """
ServerRoot {folder}
ServerName 127.0.0.1
PidFile {folder}/pid
ErrorLog {folder}/error.log
LogLevel warn auth_openidc:{level}
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule headers_module {modules}/mod_headers.so
LoadModule auth_openidc_module {modules}/mod_auth_openidc.so
DocumentRoot {folder}/www
{settings}
<Location /protected>
  AuthType {kind}
  Require valid-user
  Header set X-User "expr=%{{REMOTE_USER}}"
</Location>
"""


@contextmanager
def apache(
    folder: Path, settings: Mapping[str, str], *, kind: str = "openid-connect", port: int = 0
) -> Iterator[str]:
    """Its address while it runs.

    Args:
        folder: For its files.
        settings: Directives of mod_auth_openidc, ``{base}`` standing for the address.
        kind: ``openid-connect`` for a client, ``oauth20`` for a resource server.
        port: Of the address, or a free one.
    """
    program = shutil.which("apache2") or "/usr/sbin/apache2"
    if not Path(program).exists() or not (MODULES / "mod_auth_openidc.so").exists():
        pytest.skip(f"needs Apache with mod_auth_openidc: {INSTALL}")
    port = port or free_port()
    base = f"http://127.0.0.1:{port}"
    (folder / "www" / "protected").mkdir(parents=True)
    (folder / "www" / "protected" / "index.html").write_text("inside", encoding="utf-8")
    (folder / "www" / "protected" / "page").write_text("inside", encoding="utf-8")
    (folder / "www" / "out").write_text("outside", encoding="utf-8")
    written = "\n".join(f"{name} {value}" for name, value in settings.items())
    text = _CONFIGURATION.format(
        folder=folder,
        modules=MODULES,
        port=port,
        kind=kind,
        settings=written.replace("{base}", base),
        level=os.environ.get("OIDC_LOG", "warn"),
    )
    configuration = folder / "apache.conf"
    configuration.write_text(text, encoding="utf-8")
    # Root would have its workers run as another user, who cannot read the folder.
    process = subprocess.Popen(
        [program, "-f", str(configuration), "-D", "FOREGROUND"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait(process, port)
        yield base
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _wait(process: subprocess.Popen[str], port: int) -> None:
    for _ in range(300):
        if process.poll() is not None:
            assert process.stderr is not None
            pytest.fail(f"Apache does not start: {process.stderr.read()}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("Apache does not listen")
