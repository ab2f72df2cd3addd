def render() -> str:
    return "<time></time>"
