from lxml import etree

ROOT = etree.parse("prices.xml").getroot()
BY_SKU = etree.XPath("/prices/item[@sku=$sku and @public='yes']/@price")


def find(sku: str) -> list[str]:
    return list(map(str, BY_SKU(ROOT, sku=sku)))
