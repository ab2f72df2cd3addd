from lxml import etree

PARSER = etree.XMLParser(resolve_entities=True, load_dtd=True)


def supplier(data: bytes) -> str | None:
    document = etree.XML(data, parser=PARSER)
    return document.findtext("name")
