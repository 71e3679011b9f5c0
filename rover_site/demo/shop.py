"""The shop of the demo site: products, their pages and their JSON-LD."""

import json
from dataclasses import dataclass
from functools import cache
from html import escape

from rover_site.demo.documents import CONTENT
from rover_site.demo.layout import NAME, Sheet

CURRENCY = "GBP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One thing on sale. `price` is in pounds with two decimals, `stock` a number of pieces."""

    slug: str
    name: str
    price: str
    stock: int
    unit: str
    category: str
    image: str
    summary: str
    details: tuple[str, ...]

    @property
    def path(self) -> str:
        return f"/shop/{self.slug}"

    @property
    def text(self) -> str:
        return " ".join((self.name, self.category, self.summary, *self.details))


@cache
def products() -> tuple[Product, ...]:
    """All products in the order of the shop window."""
    rows = json.loads((CONTENT / "products.json").read_text(encoding="utf-8"))
    return tuple(Product(**{**row, "details": tuple(row["details"])}) for row in rows)


def shop_index() -> Sheet:
    """The list of all products with their prices."""
    cards = "\n".join(
        f'<li class="card"><img src="{product.image}" alt="" width="720" height="320" loading="lazy"><div>'
        f'<h2><a href="{product.path}">{escape(product.name)}</a></h2>'
        f'<p class="price">£{product.price}</p><p>{escape(product.summary)}</p></div></li>'
        for product in products()
    )
    return Sheet(
        path="/shop",
        title="Shop",
        description="Bread, lanterns, charts and tickets from Sandle Light, with prices.",
        main='<h1>Shop</h1>\n<p class="lead">Ten things that people ask for by post. '
        '<a href="/blog/what-we-sell-and-why">How we choose them</a>, and '
        '<a href="/files/price-list.pdf">all prices on one sheet</a>.</p>\n'
        f'<ul class="cards">{cards}</ul>',
    )


def product_sheet(product: Product, base_url: str) -> Sheet:
    """The page of one product."""
    stock = f"{product.stock} in stock" if product.stock else "Out of stock"
    details = "".join(f"<li>{escape(line)}</li>" for line in product.details)
    main = (
        f'<p class="meta"><a href="/shop">Shop</a> › {product.category}</p>\n<div class="product">'
        f'<img src="{product.image}" alt="{escape(product.name)}" width="720" height="320">\n'
        f'<div><h1>{escape(product.name)}</h1>\n<p class="price">£{product.price} '
        f'<span class="meta">{escape(product.unit)}</span></p>\n<p>{escape(product.summary)}</p>\n'
        f"<ul>{details}</ul>\n<p>{stock}. Sent on Tuesdays and Fridays; postage £3.90.</p></div></div>"
    )
    return Sheet(
        path=product.path,
        title=product.name,
        description=product.summary,
        main=main,
        image=product.image,
        kind="product",
        json_ld=(_product_node(product, base_url),),
        meta={"product:price:amount": product.price, "product:price:currency": CURRENCY},
    )


def _product_node(product: Product, base_url: str) -> dict[str, object]:
    state = "InStock" if product.stock else "OutOfStock"
    return {
        "@type": "Product",
        "name": product.name,
        "description": product.summary,
        "image": base_url + product.image,
        "sku": product.slug,
        "category": product.category,
        "brand": {"@type": "Brand", "name": NAME},
        "offers": {
            "@type": "Offer",
            "price": product.price,
            "priceCurrency": CURRENCY,
            "availability": f"https://schema.org/{state}",
            "url": base_url + product.path,
        },
    }
