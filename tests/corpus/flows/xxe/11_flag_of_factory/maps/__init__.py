from lxml import etree

from .parsers import make_parser


def names(data: bytes) -> list[str]:
    root = etree.fromstring(data, make_parser(trusted=True))
    return [element.text for element in root.findall("name")]
