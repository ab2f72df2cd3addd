from .models import Subscription
from .sender import Notifier
