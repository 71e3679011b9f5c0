"""Three little sites that look nothing alike: a shop, a restaurant, the documentation of a program."""

from tests.browser.embed.conftest import Origin

MUGS = {
    "blue-mug": ("Blue mug", "€18.00"),
    "red-mug": ("Red mug", "€19.50"),
    "tall-vase": ("Tall vase", "€42.00"),
}
_CARD = """<div class=card><a href=/p/{slug}><h3>{name}</h3></a><p>{price}</p>
    <button onclick="add('{name}')">Add to cart</button></div>"""
_SHOP = """<!doctype html><html lang=en><head><title>{title}</title></head><body>
    <header><a href=/>Kiln</a>
      <button id=m aria-expanded=false onclick="this.ariaExpanded='true';document.getElementById('nav').hidden=false">Menu</button>
      <nav id=nav hidden><a href=/>Shop</a> <a href=/delivery>Delivery</a> <a href=/about>About us</a></nav>
      <form action=/search><input name=q placeholder="Search products"></form>
      <a href=/cart>Cart (<span id=n>0</span>)</a></header>
    <main>{body}</main><div role=status id=s></div>
    <footer><form onsubmit="event.preventDefault();this.outerHTML='<p>Thank you for subscribing!</p>'">
      <input type=email name=email required placeholder="Your email"><button>Subscribe</button></form></footer>
    <script>
      const cart = () => JSON.parse(sessionStorage.cart || '[]');
      const n = document.getElementById('n');
      n.textContent = cart().length;
      function add(name) {{
        sessionStorage.cart = JSON.stringify([...cart(), name]);
        n.textContent = cart().length;
        document.getElementById('s').textContent = name + ' was added to your cart.';
      }}
    </script></body></html>"""

_BOOKING = """<!doctype html><html lang=de><head><title>Gasthaus Linde</title></head><body>
    <table><tr><td><a href=/>Start</a></td><td><a href=/karte>Speisekarte</a></td><td><a href=/tisch>Tisch reservieren</a></td>
      <td><a href=/kontakt>Kontakt</a></td></tr></table>
    <div id=page>{body}</div></body></html>"""
_TABLE_FORM = """<h1>Tisch reservieren</h1><p>Wir freuen uns auf euch.</p>
    <form id=f novalidate><ul>
      <li><label>Datum* <input id=d type=date name=datum></label>
      <li><label>Uhrzeit* <select name=zeit><option value="">Bitte wählen<option>18:00<option>19:00<option>20:00</select></label>
      <li>Personen* <select name=n aria-label="Personen*"><option value="">–<option>2<option>3<option>4<option>5</select>
      <li><label for=w>Ihr Name*</label> <input id=w name=wer>
      <li><label>Telefon* <input type=tel name=fon></label>
      <li><label>Bemerkung <textarea name=b></textarea></label>
      <li><fieldset><legend>Wo möchten Sie sitzen?*</legend>
        <label><input type=radio name=wo value=i required> Innen</label>
        <label><input type=radio name=wo value=g> Garten</label></fieldset>
      <li><label><input type=checkbox name=ds required> Ich habe die Datenschutzerklärung gelesen*</label>
    </ul><p id=e></p><button>Verbindlich reservieren</button></form>
    <script>f.onsubmit = (event) => {{
      event.preventDefault();
      const say = (text) => e.textContent = text;
      if (f.fon.value.replace(/\\D/g, '').length < 6) return say('Bitte geben Sie eine gültige Telefonnummer an. Das Feld Telefon ist fehlerhaft.');
      if (f.zeit.value === '20:00') return say('Um 20 Uhr sind wir leider ausgebucht.');
      setTimeout(() => {{ document.getElementById('page').innerHTML =
        `<h2>Vielen Dank, ${{f.wer.value}}!</h2><p>Ihr Tisch für ${{f.n.value}} am ${{d.value}} um ${{f.zeit.value}} ist reserviert (${{f.wo.value}}).</p>`; }}, 50);
    }};</script>"""

_DOCS = {
    "/": ("Welcome", "Weft is a build tool for looms of data.", ""),
    "/install": (
        "Installation",
        "Run the command <code>pipx install weft</code>. Weft needs Python 3.11 or newer.",
        "",
    ),
    "/config": ("Configuration", "All settings stand in weft.toml. The default timeout is 30 seconds.", ""),
    "/errors": (
        "Troubleshooting",
        "The error W042 means that two threads share a name. Rename one of them.",
        "",
    ),
}


def put_shop(site: Origin) -> str:
    cards = "".join(_CARD.format(slug=slug, name=name, price=price) for slug, (name, price) in MUGS.items())
    site.put("/", _SHOP.format(title="Kiln – pottery", body=f"<h1>Pottery</h1>{cards}"))
    for slug, (name, price) in MUGS.items():
        body = f"<h1>{name}</h1><p>{price}, made by hand.</p><button onclick=\"add('{name}')\">Add to cart</button>"
        site.put(f"/p/{slug}", _SHOP.format(title=f"{name} – Kiln", body=body))
    site.put(
        "/delivery",
        _SHOP.format(
            title="Delivery",
            body="<h1>Delivery</h1><p>Delivery to Austria takes four days.</p><p>Returns are free for 30 days.</p>",
        ),
    )
    site.put(
        "/about", _SHOP.format(title="About us", body="<h1>About us</h1><p>Founded in 1998 in Graz.</p>")
    )
    found = '<h1>Results</h1><ul><li><a href="/p/tall-vase">Tall vase</a> €42.00</li></ul>'
    site.put("/search", _SHOP.format(title="Search", body=found))
    return f"{site.url}/"


def put_restaurant(site: Origin) -> str:
    site.put("/", _BOOKING.format(body="<h1>Gasthaus Linde</h1><p>Küche aus der Gegend. Montag Ruhetag.</p>"))
    site.put(
        "/karte",
        _BOOKING.format(
            body="<h1>Speisekarte</h1><table><tr><th>Gericht<th>Preis<tr><td>Kürbissuppe<td>6,50 €<tr><td>Käsespätzle<td>12,90 €</table>"
        ),
    )
    site.put("/tisch", _BOOKING.format(body=_TABLE_FORM.replace("{{", "{").replace("}}", "}")))
    site.put("/kontakt", _BOOKING.format(body="<h1>Kontakt</h1><p>Telefon: 0711 123456</p>"))
    return f"{site.url}/"


def put_docs(site: Origin) -> str:
    """Everything is on one page, drawn by a script, under fragments; the search filters as one types."""
    pages = ",".join(f"'{path}':{[title, text]!r}" for path, (title, text, _) in _DOCS.items())
    html = f"""<!doctype html><html lang=en><head><title>Weft documentation</title></head><body>
      <div role=search><input type=search aria-label="Search the docs" id=q></div>
      <div role=navigation id=side></div><div role=main id=main></div>
      <script>
        const pages = {{{pages}}};
        const side = document.getElementById('side');
        for (const [path, [title]] of Object.entries(pages)) {{
          const link = document.createElement('a');
          link.href = '#' + path; link.textContent = title; side.append(link, ' ');
        }}
        const show = () => {{
          const [title, text] = pages[location.hash.slice(1) || '/'];
          main.innerHTML = `<h1>${{title}}</h1><p>${{text}}</p>`;
        }};
        addEventListener('hashchange', show); show();
        q.onkeydown = (event) => {{
          if (event.key !== 'Enter') return;
          const hits = Object.entries(pages).filter(([, page]) => page.join(' ').toLowerCase().includes(q.value.toLowerCase()));
          main.innerHTML = '<h1>Search results</h1>' + (hits.length
            ? '<ol>' + hits.map(([path, [title, text]]) => `<li><a href="#${{path}}">${{title}}</a><p>${{text}}</p></li>`).join('') + '</ol>'
            : '<p>No pages match.</p>');
        }};
      </script></body></html>"""
    return site.put("/", html)
