from .models import Search
from .run import run
