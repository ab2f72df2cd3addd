def card(day: dict) -> str:
    return "<div class='day'>{text}</div>".format(**day)
