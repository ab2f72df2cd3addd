"""What models a function, a method or an attribute of a library."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.objects import External
from buckler.scan.engines.source.flow.values import Value

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.frames import Frame

Handler = Callable[["Frame", ast.AST, Arguments], Value | None]
"""Called with where the call stands and its arguments; None where it says no more than the tables."""
Method = Callable[["Frame", ast.AST, External, Value, Arguments], Value]
"""The same with the object, as itself and as the value that it came in."""
