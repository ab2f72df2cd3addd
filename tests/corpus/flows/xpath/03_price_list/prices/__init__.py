from .listing import PriceList, price_list
