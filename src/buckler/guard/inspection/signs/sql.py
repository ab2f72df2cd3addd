"""Signs of SQL injection (CWE-89): a value that leaves its place in a statement and goes on as SQL.

A whole statement is none: whoever writes one in a forum, or in a console for statements, injects nothing.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from buckler.guard.inspection.sign import Attack, Sign

_sign = partial(Sign, Attack.SQL)
_EQUAL = re.compile(r"""(?:or|and|xor)\s+\(*\s*(\d+)\s*=+\s*(\d+)(?!\d)""")
_OPERATOR = r"(?:=|<>|!=|<|>| like~['\"(]| (?:not )?in~\(| is (?:not )?null| between ['\"\d]| r(?:egexp|like) )"
_JOINER = r"(?:(?:or|and|xor)\b|\|\||&&)"
_SLOW = r"(?:sleep|pg_sleep|benchmark)"
_END = r"(?:$|--|#|/\*|;|(?:and|or|limit|order|group|union)\b)"


def _leaves_open(value: str) -> bool:
    """Whether a quote has no other, as it is where a value ends the quote around it."""
    return value.count("'") % 2 == 1 or value.count('"') % 2 == 1


def _same(value: str) -> bool:
    found = _EQUAL.search(value)
    return found is not None and found[1] == found[2]


SIGNS: Final = (
    # ' or '1'='1
    _sign(4, rf"['\"]~\)*~{_JOINER}~\(*~(?:not )?(?:\d[\w.]*|['\"][^'\"\n]*['\"])~\)*~{_OPERATOR}"),
    # ' or name=...: an operand without quotes only where a quote stays open
    _sign(
        4, rf"['\"]~\)*~{_JOINER}~\(*~(?:not )?[a-z_@][\w.@]*(?:\(\))?~{_OPERATOR}",
        prose=0, confirm=_leaves_open,
    ),
    _sign(2, rf"['\"]~\)*~{_JOINER} (?:true|false|not|exists|row)\b", confirm=_leaves_open),
    # 1 or 1=1
    _sign(4, rf"^~-?\d+~['\"]?~\)*~(?:or|and|xor) \(*~\d+(?:=|<|>|<>)\d+~\)*~{_END}", prose=0),
    _sign(4, rf"^~-?\d+~\)*~(?:or|and) \(*~\d+~=~\d+~\)*~{_END}", confirm=_same),
    # the rest of a condition, put behind a value
    _sign(4, r"^~(?:as \w+ )?(?:or|and|having|where) \(*~\d+~(?:=|<|>)~\d", prose=0),
    _sign(4, r"^~(?:or|and) \w+=\w+~(?:#|--)~$", prose=0),
    _sign(4, r"^~(?:or|and|rlike) \(+~select\b|^~order by \d+~(?:--|#)|^~if~\(~\d+~=~\d+~\) select\b", prose=0),
    # leaving the value
    _sign(
        2, r"^[^'\"\n]*['\"]~\)*~(?:(?:and|or|xor|union|having|limit|rlike|procedure|in|where|like)\b"
        r"|order by|group by|\|\||&&|;|\+)",
        prose=1, confirm=_leaves_open,
    ),
    _sign(2, r"['\"]~\|\|~\("),
    _sign(2, r"^~-?\d+~\)*~(?:(?:and|or|xor|having|procedure|rlike|union)\b|(?:order|group) by \d|;)"),
    # what follows is commented out
    _sign(4, r"^[\w@.-]+['\"]~\)*~;?~(?:--[\s-]*|#~|/\*[^\n]*)$", prose=0),
    _sign(2, r"['\"]~\)*[\s;][^\n]*(?:--|#|/\*)[\s-]*$", prose=0, confirm=_leaves_open),
    _sign(3, r"order by \d+~(?:--|#|/\*|$)", prose=0),
    # union select
    _sign(
        4, r"\bunion~(?:all |distinct )?~\(*~select[\s(]+(?:all |distinct )?(?:null|\d|@@|['\"(*]|[a-z_][\w.]*~[,(]"
        r"|[\w.]+ from )",
    ),
    # a second statement
    _sign(
        3, r";~(?:drop (?:table|database|schema|user|view) [\w.`\"]+|delete from [\w.`\"]+(?: where|~;|~--|~$)"
        r"|insert into [\w.`\"]+~(?:\(|values|select)|update [\w.`\"]+ set [\w.`\"]+~="
        r"|truncate table |alter (?:table|user|database) [\w.`\"]+ |exec(?:ute)? (?:master|xp_|sp_|immediate)"
        r"|waitfor delay|select (?:pg_sleep|sleep|\d|\*|@@)|copy~\(|shutdown~(?:--|;|$))",
    ),
    _sign(2, r"['\"]~\)*~;~(?:drop|delete|insert|update|truncate|alter|exec|waitfor|shutdown|copy|select|declare)\b"),
    _sign(2, r";~--[\s-]*$|;--", prose=0),
    # time
    _sign(4, rf"(?:\b(?:and|or|select|xor|order by)\b|\|\||&&|['\"]~\+|^~\+|\bif~\([^,\n]*,)~\(*~(?:select )?{_SLOW}\(~\d+(?:\.\d+)?~\)"),
    _sign(4, r"\bpg_sleep\(~\d|\bbenchmark\(~\d+~,|\bwaitfor delay~['\"]"),
    _sign(2, r"\(~select sleep\("),
    _sign(4, r"^~sleep\(\d+\)~(?:#|--|=~['\"]|/\*)|\brandomblob\(\d{5}", prose=2),
    # looking around
    _sign(
        3, r"\b(?:extractvalue|updatexml)~\(|\bload_file~\(|\binto (?:out|dump)file~['\"]|\bxp_cmdshell\b"
        r"|\binformation_schema\.|\bsqlite_master\b|\bpg_catalog\.|@@(?:version|hostname|datadir)"
        r"|\bmysql\.user\b|\b(?:from|,)~sysobjects\b|\butl_http\.|\bdbms_\w+\.|\bgroup_concat~\(",
        prose=1,
    ),
    _sign(
        3, r"\(~select (?:[^;\n]* from [\w.]|\d|null|@@|['\"(*]|(?:database|user|version|count|char|chr|concat)~\()",
    ),
    _sign(1, r"\b(?:substr(?:ing)?|ascii|mid|left|char|chr|cast|convert|md5|concat)~\("),
    # a whole statement
    _sign(-2, r"^[\s#>$`]*(?:select|with|insert into|update|delete from|create|alter|drop|explain)\b"),
)  # fmt: skip
