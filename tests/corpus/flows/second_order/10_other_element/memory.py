ACCOUNTS: dict[int, dict] = {}
