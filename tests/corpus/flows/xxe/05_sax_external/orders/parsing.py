import io
from xml import sax
from xml.sax.handler import feature_external_ges

from .handler import NameHandler


def names(document: bytes) -> list[str]:
    parser = sax.make_parser()
    parser.setFeature(feature_external_ges, True)
    handler = NameHandler()
    parser.setContentHandler(handler)
    parser.parse(io.BytesIO(document))
    return handler.names
