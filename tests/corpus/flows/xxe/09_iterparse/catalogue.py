from collections.abc import Iterator
from typing import BinaryIO

from lxml.etree import iterparse


def names_in(stream: BinaryIO) -> Iterator[str]:
    for _, element in iterparse(stream, tag="name", load_dtd=True, resolve_entities=True):
        if element.text:
            yield element.text
        element.clear()
