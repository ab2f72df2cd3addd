"""Signs of templates (CWE-1336) and of lookups in log messages (CWE-917) that are worked out on the server.

``{{ name }}`` is what a template of a mail holds; arithmetic of two numbers, or Python's inner names, is not.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from buckler.guard.inspection.sign import Attack, Sign

_template = partial(Sign, Attack.TEMPLATE)
_lookup = partial(Sign, Attack.LOOKUP)
_INNER = r"__(?:class|globals|mro|subclasses|bases?|builtins|import|init|getattribute)__"

SIGNS: Final = (
    _template(4, r"\{\{~\d+~[*+-]~['\"]?\d+['\"]?~\}\}|[$#*]\{+~\d+~[*+-]~['\"]?\d+~\}|<%=~\d+~[*+-]~\d+~%>", prose=3),
    _template(4, r"\{%~?print~\(|^@\(\d+~[*+-]~\d+\)", prose=2),
    _template(4, rf"(?:\{{\{{|\{{%|\$\{{)[^}}\n]*{_INNER}", prose=4),
    _template(4, r"\{[^}\n]*__(?:globals|subclasses|mro|builtins)__", prose=3),
    _template(4, r"\{\{~(?:config|self|lipsum|cycler|joiner|namespace|url_for|get_flashed_messages|_self|settings)"
                 r"~(?:\}\}|\.items~\(|\.__|\.env\.|\[|\|)", prose=3),
    _template(4, r"\{\{[^}\n]*\bpopen~\(|\{\{[^}\n]*\bsystem~\(|\{\{~request\.application", prose=4),
    _template(4, r"\|~attr~\(|\|~(?:filter|map|reduce|sort)~\(~['\"](?:system|exec|passthru)", prose=2),
    _template(4, r"\{%~debug~%\}|\{%~import (?:os|subprocess|sys)\b"),
    _template(4, r"<%=?~(?:system|exec|file\.|io\.|dir\.|require|process\.|global\.|`)", prose=3),
    _template(4, r"\bfreemarker\.template\.utility|\$\{t~\(~java|@ognl\.|constructor\.constructor~\(|\{php\}", prose=2),
    _template(4, r"\.getruntime~\(~\)~\.exec|\$\{[^}\n]*getclass~\(|\.class\.forname~\(|registerundefinedfiltercallback"),
    _template(4, r"__import__~\(~['\"](?:os|subprocess|sys)", prose=2),
    _lookup(4, r"\$\{jndi:", prose=4),
    _lookup(4, r"\$\{(?:env|sys|java|script|ctx|main|docker|k8s|web):[\w/.]", prose=2),
    _lookup(4, r"\$\{::-\w|\$\{env:\w*:-\w\}|\$\{(?:lower|upper):\w*\}", prose=3),
)  # fmt: skip
