from decimal import Decimal

import yaml


class MoneyLoader(yaml.SafeLoader):
    pass


def money(loader: yaml.Loader, node: yaml.ScalarNode) -> Decimal:
    return Decimal(loader.construct_scalar(node))


MoneyLoader.add_constructor("!money", money)
