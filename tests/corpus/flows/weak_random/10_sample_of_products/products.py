PRODUCTS = ["lamp", "chair", "table", "shelf"]
