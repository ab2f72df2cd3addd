from .store import SessionStore, store
