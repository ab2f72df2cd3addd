import logging
import re

BEARER = re.compile(r"(?i)bearer\s+\S+")


class Redact(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = BEARER.sub("Bearer ***", record.getMessage())
        record.args = ()
        return True


def configure() -> None:
    handler = logging.StreamHandler()
    handler.addFilter(Redact())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
