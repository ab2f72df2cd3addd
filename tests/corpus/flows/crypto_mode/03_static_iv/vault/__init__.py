from .vault import Vault, get_vault
