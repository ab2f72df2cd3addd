import io

import lxml.etree as xml


class FeedReader:
    options = {"load_dtd": True, "resolve_entities": True, "recover": True}

    def parser(self) -> xml.XMLParser:
        return xml.XMLParser(**self.options)

    def titles(self, data: bytes) -> list[str]:
        tree = xml.parse(io.BytesIO(data), self.parser())
        return [element.text or "" for element in tree.iter("title")]
