"""Suggests what goes with what: the products most often bought together."""

from collections import Counter

from jinja2 import Template

PAGE = Template("{% for product in products %}{{ product }}\n{% endfor %}")


def suggest(product: str, orders: list[set[str]], most: int = 5) -> str:
    together = Counter(other for order in orders if product in order for other in order - {product})
    return PAGE.render(products=[other for other, _ in together.most_common(most)])
