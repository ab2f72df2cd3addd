from typing import NamedTuple


class Ticket(NamedTuple):
    number: int
    subject: str


def ticket_of(subject: str, number: int = 1) -> Ticket:
    return Ticket(number=number, subject=subject)
