"""The box the application runs in, so that confirming an attack harms nothing.

Threat: the code under scan, and every library it loads, runs with the rights of whoever started the
scan. Two walls answer it: `kernel` (namespaces, an overlay, seccomp), which code in the process
cannot take down, and `hooks` (audit events), which stops politely and tells what it stopped.
`audit` is the one dispatcher both of them and the sinks share. Standard library only, Python 3.9 to
3.14: it runs in the interpreter of the application, before the application is imported.
"""

from __future__ import annotations
