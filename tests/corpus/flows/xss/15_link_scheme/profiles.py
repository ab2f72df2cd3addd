from dataclasses import dataclass

from markupsafe import Markup


@dataclass
class Profile:
    name: str
    homepage: str

    @property
    def link(self) -> Markup:
        return Markup('<a href="{}">home</a>').format(self.homepage)
