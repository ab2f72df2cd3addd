"""Signs of programs that look for holes, by the name that they give themselves (CAPEC-169)."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from buckler.guard.inspection.sign import Attack, Sign

_sign = partial(Sign, Attack.SCANNER)

SIGNS: Final = (
    _sign(
        4, r"\b(?:sqlmap|nikto|nuclei|nessus|acunetix|masscan|zgrab|wpscan|dirbuster|gobuster|feroxbuster|ffuf"
        r"|fuzz faster u fool|wfuzz|havij|openvas|netsparker|invicti|w3af|arachni|jaeles|commix|dirsearch|whatweb"
        r"|nmap scripting engine|zmeu|morfeus|jorgee|xsstrike|dalfox|l9explore|l9tcpid)\b",
        agent=True, prose=4,
    ),
)  # fmt: skip
PROBES: Final = re.compile(
    r"/(?:\.(?:env|git|svn|hg|aws|ssh|ds_store|htpasswd|htaccess|vscode|idea|docker)(?:[./_-]|$)"
    r"|(?:wp-login|wp-admin|xmlrpc|wp-config|wp-content|wp-includes|phpinfo|phpmyadmin|pma|adminer|shell|c99|eval-stdin)(?:[./]|$)"
    r"|(?:actuator|server-status|server-info|jmx-console|manager/html|solr/admin|cgi-bin|_ignition|hnap1|boaform|owa/auth"
    r"|vendor/phpunit|console/login|druid/index|jenkins/script|\.well-known/\.env)(?:[/.?]|$)"
    r"|[\w-]*(?:backup|dump|database|db)\.(?:sql|zip|tar|gz|bak)(?:\.gz)?$|id_rsa$|web\.config$|config\.(?:json|php|yml)\.(?:bak|old)$)",
    re.IGNORECASE,
)
"""Paths that are asked for to see whether they are there; told only where the answer is 404."""
