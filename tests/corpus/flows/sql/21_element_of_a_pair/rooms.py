def swapped(pair):
    first, second = pair
    return second, first


def statement(pair) -> tuple[str, tuple]:
    floor, wing = swapped(pair)
    return f"SELECT number FROM rooms WHERE wing = '{wing}' AND floor = ?", (floor,)
