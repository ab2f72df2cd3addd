SITE = "https://shop.example"
