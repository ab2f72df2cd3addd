from lxml import etree

EXPRESSION = '/prices/item[@sku="%s" and @public="yes"]/@price'


class PriceList:
    def __init__(self, path: str) -> None:
        self.root = etree.parse(path).getroot()

    def find(self, sku: str) -> list[str]:
        return [str(value) for value in self.root.xpath(EXPRESSION % sku)]


def price_list() -> PriceList:
    return PriceList("prices.xml")
