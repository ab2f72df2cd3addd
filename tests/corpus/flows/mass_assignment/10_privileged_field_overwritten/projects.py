from dataclasses import dataclass


@dataclass
class Project:
    title: str
    owner: str
