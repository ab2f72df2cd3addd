from .models import Report, session
from .running import run
