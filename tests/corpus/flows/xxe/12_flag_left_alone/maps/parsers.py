from lxml import etree


def make_parser(*, trusted: bool = False) -> etree.XMLParser:
    if trusted:
        return etree.XMLParser(resolve_entities=True, load_dtd=True)
    return etree.XMLParser(resolve_entities=False)
