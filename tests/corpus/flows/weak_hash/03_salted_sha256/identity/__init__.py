from .accounts import Accounts, accounts
