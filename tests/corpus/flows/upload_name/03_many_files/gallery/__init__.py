from .storage import Storage, get_storage
