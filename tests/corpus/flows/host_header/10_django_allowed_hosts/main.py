import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["shop.example"],
    ROOT_URLCONF="urls",
    SECRET_KEY="x" * 50,
    LOGGING_CONFIG=None,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402

app = get_wsgi_application()
