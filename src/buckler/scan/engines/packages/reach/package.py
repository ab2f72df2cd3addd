"""How far a project's own code comes to a package: imported, brought by what is imported, or none of it.

What nobody imports is a smaller risk than what a request comes to, and says so; it is never left out, since a
program may be run by its name, or be loaded by a plug-in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from buckler.scan.engines.packages.inventory.model import Inventory, Package
from buckler.scan.engines.packages.reach.imports import Imports
from buckler.scan.engines.packages.reach.level import Level, Reach
from buckler.scan.engines.packages.reach.modules import IMPLICIT, PROGRAMS, modules_of


def reach(
    package: Package,
    inventory: Inventory,
    imports: Imports,
    told: Callable[[str], Sequence[str]],
) -> Reach:
    """How far a project comes to a package.

    Args:
        package: Of the inventory.
        inventory: Says who brings it.
        imports: Of the project.
        told: Gives the modules of a package, where an environment says so.
    """
    if not imports.paths:
        return Reach(Level.UNKNOWN)
    if step := imports.of(modules_of(package.name, told)):
        return Reach(Level.IMPORTED, (step,))
    if package.name in PROGRAMS:
        return Reach(Level.BROUGHT, (), package.name)
    carriers = [*reversed(inventory.way_to(package.name)[:-1]), *IMPLICIT.get(package.name, ())]
    for name in carriers:
        if step := imports.of(modules_of(name, told)):
            return Reach(Level.BROUGHT, (step,), name)
        if name in PROGRAMS and name in inventory.by_name:
            return Reach(Level.BROUGHT, (), name)
    # A list of requirements does not say who brings what: of what is in it nothing follows.
    knows = inventory.way_to(package.name) and (package.direct or inventory.resolved)
    return Reach(Level.UNSEEN if knows else Level.UNKNOWN)
