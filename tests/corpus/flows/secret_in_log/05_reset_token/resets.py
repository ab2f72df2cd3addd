import logging
import secrets

logging.basicConfig(level=logging.DEBUG)
logger = logging.getLogger(__name__)


class ResetService:
    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}

    def start(self, email: str) -> None:
        reset_token = secrets.token_urlsafe(32)
        self._tokens[reset_token] = email
        logger.debug("mail queued, reset=" + reset_token)
