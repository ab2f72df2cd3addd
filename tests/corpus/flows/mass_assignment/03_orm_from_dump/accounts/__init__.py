from .database import session
from .schemas import SignUp
from .service import create
