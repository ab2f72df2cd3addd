from xml.sax.saxutils import escape

from lxml import etree

ALLOWED = ("colour", "size")
TREE = etree.parse("parts.xml")


def search(wanted: dict[str, str]) -> list[str]:
    conditions = []
    for name in ALLOWED:
        if name in wanted:
            conditions.append(f"@{name}='{escape(wanted[name])}'")
    predicate = " and ".join(conditions) or "true()"
    return [part.text for part in TREE.xpath(f"//part[{predicate}]")]
