from lxml import etree


def stations(line: str) -> list[str]:
    tree = etree.parse("network.xml")
    cleaned = line.replace("'", "")
    expression = "//line[@id=\"" + cleaned + "\"]/station"
    return [element.get("name") for element in tree.xpath(expression)]
