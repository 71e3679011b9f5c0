"""Home, contact, newsletter and the page that says that a page is missing."""

from html import escape

from rover_site.demo.articles import card
from rover_site.demo.documents import Section, documents
from rover_site.demo.layout import EMAIL, NAME, PHONE, TAGLINE, Sheet
from rover_site.demo.shop import products

HOURS = (("Tu-Fr", "10:00", "17:00"), ("Sa", "10:00", "18:00"), ("Su", "11:00", "17:00"))
_DAYS = {
    "Tu-Fr": ("Tuesday to Friday", ["Tuesday", "Wednesday", "Thursday", "Friday"]),
    "Sa": ("Saturday", ["Saturday"]),
    "Su": ("Sunday", ["Sunday"]),
}
_ADDRESS = {
    "@type": "PostalAddress",
    "streetAddress": "1 Keepers' Lane",
    "addressLocality": "Sandle Point",
    "postalCode": "ZZ1 4LH",
    "addressCountry": "GB",
}


def home(base_url: str) -> Sheet:
    """The front page."""
    stories = "\n".join(card(document, level=3) for document in documents(Section.BLOG)[:3])
    goods = "\n".join(
        f'<li class="card"><img src="{product.image}" alt="" width="720" height="320" loading="lazy"><div>'
        f'<h3><a href="{product.path}">{escape(product.name)}</a></h3><p class="price">£{product.price}</p>'
        "</div></li>"
        for product in products()[:3]
    )
    main = (
        f'<div class="hero"><div><h1>{NAME}</h1><p class="lead">{TAGLINE}. Climb 187 steps to a lens of two '
        "tonnes that a finger can turn, and come down to bread from the boiler house.</p>"
        '<p><a href="/visit">Opening hours and tickets</a> · <a href="/museum">What there is to see</a></p>'
        '</div><img src="/images/tower.svg" alt="The white tower with its red gallery at night" '
        'width="720" height="320"></div>\n'
        f'<h2>News</h2><ul class="cards">{stories}</ul><p><a href="/blog">All articles</a></p>\n'
        f'<h2>From the shop</h2><ul class="cards">{goods}</ul><p><a href="/shop">The whole shop</a></p>\n'
        '<form action="/search" method="get" role="search"><label for="q">Search the site</label>'
        '<input type="search" id="q" name="q" required><button>Search</button></form>'
    )
    node = {"@type": "WebSite", "name": NAME, "url": base_url + "/", "inLanguage": "en-GB"}
    return Sheet(path="/", title=f"{NAME}: {TAGLINE}", description=TAGLINE, main=main, json_ld=(node,))


def contact(base_url: str) -> Sheet:
    """Address, telephone, e-mail and opening hours, for people and as JSON-LD."""
    rows = "".join(
        f"<tr><td>{_DAYS[days][0]}</td><td>{opens} to {closes}</td></tr>" for days, opens, closes in HOURS
    )
    main = (
        '<div class="prose"><h1>Contact</h1><p>Write, ring, or ask whoever has a bunch of keys.</p>'
        f"<h2>Address</h2><address>{NAME}<br>1 Keepers' Lane<br>Sandle Point<br>ZZ1 4LH</address>"
        f'<h2>Telephone and e-mail</h2><p><a href="tel:{PHONE.replace(" ", "")}">{PHONE}</a>, '
        f'<a href="mailto:{EMAIL}">{EMAIL}</a></p>'
        f"<h2>Opening hours</h2><table><tbody>{rows}<tr><td>Monday</td><td>closed</td></tr></tbody></table>"
        '<p>The bakery opens earlier: see <a href="/visit">opening hours and tickets</a>.</p></div>'
    )
    business = {
        "@type": ["LocalBusiness", "Museum"],
        "name": NAME,
        "url": base_url + "/",
        "email": EMAIL,
        "telephone": PHONE,
        "address": _ADDRESS,
        "priceRange": "££",
        "openingHoursSpecification": [
            {
                "@type": "OpeningHoursSpecification",
                "dayOfWeek": _DAYS[days][1],
                "opens": opens,
                "closes": closes,
            }
            for days, opens, closes in HOURS
        ],
    }
    return Sheet(
        path="/contact",
        title="Contact",
        description="Address, telephone, e-mail and opening hours of Sandle Light.",
        main=main,
        json_ld=(business,),
    )


def newsletter(address: str | None = None) -> Sheet:
    """The form, or the thanks once an address was sent."""
    if address and "@" in address:
        text = f"<p>Thank you. We would write to <strong>{escape(address)}</strong>, if we were real.</p>"
    else:
        text = (
            "<p>Four letters a year: what opens, what is baked, what flew past.</p>"
            '<form action="/newsletter" method="post"><label for="email">E-mail address</label>'
            '<input type="email" id="email" name="email" autocomplete="email" required>'
            "<button>Subscribe</button></form>"
        )
    return Sheet(
        path="/newsletter",
        title="Newsletter",
        description="Four letters a year from Sandle Light.",
        main=f'<div class="prose"><h1>Newsletter</h1>{text}</div>',
    )


def missing(path: str) -> Sheet:
    """What a wrong address gets."""
    return Sheet(
        path="/404",
        title="Page not found",
        description="There is nothing at this address.",
        main='<div class="prose"><h1>Nothing here but fog</h1>'
        f"<p>There is no page at <code>{escape(path)}</code>. "
        'Try the <a href="/search">search</a> or start from the <a href="/">front page</a>.</p></div>',
        status=404,
    )


def staff_rota() -> Sheet:
    """A page that robots.txt keeps robots away from."""
    return Sheet(
        path="/staff/rota",
        title="Staff rota",
        description="Who is where this week.",
        main='<div class="prose"><h1>Staff rota</h1><p>Tuesday: till, two; tower, one; bakery, two. '
        "Wednesday: the same, with one more for quiet hours.</p></div>",
    )
