from .store import InvoiceRepository

__all__ = ["InvoiceRepository"]
