"""Signs of commands of a shell (CWE-78): something that ends a word and begins a command with what it needs.

``Tea; ID`` and ``cats && dogs`` hold the characters, a README holds the commands: neither is an attack.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from buckler.guard.inspection.sign import Attack, Sign

_sign = partial(Sign, Attack.COMMAND)
_NEXT = r"(?:[;|&]|\n|%(?:25)*0a)~(?:['\"]~)?(?:/(?:usr/)?s?bin/)?"
_NOW = r"[;|&]~(?:/(?:usr/)?s?bin/)?"
_DONE = r"(?:$|[;|&#'\"`\n])"
_ADDRESS = r"(?:-[\w-]+ )*['\"]?(?:https?:|ftp:|\$|[\w-]+\.[\w-]|\d)"
_TAKES = (
    rf"(?:cat[<\s]~[/\x7e.]|cat [\w./]*(?:passwd|shadow|hosts)|ping (?:-\w \d|\d)|nslookup [\w$-]+\.|dig [\w$@-]+\."
    rf"|(?:curl|wget) {_ADDRESS}|nc (?:-\w+ )*[\w.-]+ \d|nc -\w|ncat \w|(?:ba|z|da)?sh -[ic]|python[23]? -c|perl -e"
    rf"|ruby -e|php -r|powershell\b|cmd(?:\.exe)? /c|rm -\w*[rf]|chmod (?:\d{{3}}|\+\w) /|touch /|tftp |mkfifo "
    rf"|tee /|type [a-z]:\\|dir [a-z]:\\|dir~{_DONE}|net (?:user|group|localgroup)\b|ls -\w|ls /|netstat -\w"
    rf"|sleep \d+~{_DONE}|uname -\w|echo \w+~\||whoami~{_DONE}|uname~{_DONE}|ifconfig~{_DONE}|ipconfig)"
)
_RUNS = r"(?:id|whoami|uname|ls|cat|curl|wget|ping|sleep|nslookup|dig|bash|sh|nc|env|printf|echo|base64|hostname|ps|ifconfig)"

SIGNS: Final = (
    _sign(4, rf"{_NOW}{_TAKES}"),
    _sign(4, rf"(?:\n|%(?:25)*0a)~(?:/(?:usr/)?s?bin/)?(?:{_TAKES}|id~{_DONE})", head=True),
    _sign(4, rf"%(?:25)*0a~(?:/bin/)?(?:{_TAKES}|id~{_DONE})"),
    _sign(4, r"%(?:25)*0a~(?:cat|ping|curl|wget|nc|bash|sh|ls)(?:\+|%(?:25)*20)"),
    _sign(4, r"(?:%(?:25)*0a|\\n)~['\"]?~/(?:usr/)?s?bin/\w|%(?:25)*0a~id~(?:%(?:25)*0a|$)"),
    _sign(4, r"^['\"]?~;~(?:system|exec|passthru|shell_exec|popen)~\(~['\"]"),
    _sign(4, r"^(?:[^;|&\n]*['\")])?[;|&]+(?:/(?:usr/)?s?bin/)?(?:id|whoami|ls)[;|&'\"]*$"),
    # What needs nothing more: only where the value begins or ends so.
    _sign(4, r"^~(?:[;|&]|\|\||&&)~(?:/(?:usr/)?bin/)?(?:id|ls|ps|env|pwd|hostname)~$"),
    _sign(4, r"^[\w.-]*~(?:&&|\|\|)~(?:/(?:usr/)?bin/)?id~$"),
    _sign(4, r"[;|&]~/(?:usr/)?s?bin/\w"),
    _sign(3, r"^~[;|&]~echo \w+~$"),
    _sign(2, r"^~[;|&]+~[a-z]"),
    _sign(
        4,
        r"[;|&]~(?:net view\b|netsh |reg (?:add|query) |sysinfo~$|phpinfo~\(|system~\(~['\"])|^[;|&]+~pwd~$",
    ),
    _sign(4, r"^~cat /etc/(?:passwd|shadow)~$|<!--~#exec "),
    # PHP, which some servers behind run.
    _sign(4, r"<\?php\b[^\n]*(?:system|exec|passthru|include|eval|\x60|\$_)", prose=2),
    _sign(
        4,
        r"^~(?:eval|system|exec|passthru|shell_exec)~\(~['\"](?:cat |ls\b|id\b|sleep |whoami|curl |wget |echo |ping |pwd)",
    ),
    _sign(4, r"\{\$\{~\w+~\(|;~\{?\$_(?:get|post|request|cookie)\[|\$\{@print~\(", prose=3),
    # Commands in words.
    _sign(4, rf"(?:^['\"]?|[^=]['\"]|[^='\"])\$\([\s`]*{_RUNS}(?:[\s|/<`]|$)"),
    _sign(4, r"\$\(~(?:id|whoami|ls|env|ps|hostname)~\)"),
    _sign(
        4,
        r"^`(?:/(?:usr/)?s?bin/)?(?:id|whoami|uname|(?:cat|ls) /[^`]*|(?:curl|wget|ping|nslookup|sleep|nc|bash|sh) [^`]*)`$",
    ),
    _sign(
        4,
        r"[^\s(]`(?:id|whoami|(?:cat|curl|wget|ping|nslookup|sleep|nc|bash|sh) [^`\n]*)`",
        prose=0,
    ),
    _sign(4, r"[;|&(`]~\{(?:cat|ls|id|wget|curl|ping|echo),"),
    _sign(3, r"\$\{ifs\}|\$ifs\b", prose=1),
    # Doors that are opened from inside.
    _sign(4, r"/dev/tcp/[\w.]+/\d", prose=3),
    _sign(4, r"^~(?:/bin/|/usr/bin/)?(?:ba|z|da)?sh -[ci] "),
    _sign(4, r"^~cmd(?:\.exe)? /c |\bpowershell(?:\.exe)? -(?:e|enc|nop|w|c) "),
    _sign(4, r"\(\)~\{~:?;?~\}~;"),
    _sign(4, r"\bnc [^\n]*-\w*e~/bin/|\bmkfifo /tmp/\w+~;", prose=3),
    # A README, a terminal.
    _sign(
        -2,
        r"^~(?:[$#>] )?(?:sudo|cd|git|npm|pip|docker|make|apt|brew|ssh|kubectl|poetry|uv|yarn|cargo) ",
    ),
)
