import csv
import io
from collections.abc import Iterator


def rows_of(orders) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=["customer", "total"])
    writer.writeheader()
    for order in orders:
        writer.writerow(order.model_dump())
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
