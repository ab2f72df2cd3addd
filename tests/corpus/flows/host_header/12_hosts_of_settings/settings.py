ALLOWED_HOSTS = ["shop.example", "*.shop.example"]
