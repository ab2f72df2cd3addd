from enum import StrEnum


class SortBy(StrEnum):
    sku = "sku"
    amount = "amount"
