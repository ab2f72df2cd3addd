def card(degrees: float) -> str:
    return f"<div class='day'>{degrees:.1f}</div>"
