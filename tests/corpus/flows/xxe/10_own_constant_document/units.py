from lxml import etree


def load_units(path: str) -> dict[str, str]:
    parser = etree.XMLParser(resolve_entities=True, load_dtd=True)
    tree = etree.parse(path, parser)
    return {unit.get("symbol"): unit.text for unit in tree.getroot()}
