from .backend import Backend
from .memory import backend
