from .dependency import verifier
from .verify import Verifier
