from .dependency import tables
from .middleware import TenantMiddleware
from .tables import Tables
