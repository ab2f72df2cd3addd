from ldap3.utils.conv import escape_filter_chars as esc


def both(**values: str) -> str:
    parts = [f"({name}={esc(value)})" for name, value in values.items()]
    return "(&" + "".join(parts) + ")"
