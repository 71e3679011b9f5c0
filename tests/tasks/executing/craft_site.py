"""A German pottery workshop: plain HTML from a text editor, tables, no feed, no site map, no linked data."""

from html import escape


def _page(title: str, body: str) -> str:
    return f"""<html><head><title>{title} - Töpferei Kranich</title></head><body>
<table class="kopf"><tr><td><h2>Töpferei Kranich</h2></td></tr></table>
<p><a href="/">Start</a> | <a href="/preise.html">Preisliste</a> | <a href="/kurse.html">Kurse</a> |
<a href="/aktuelles.html">Aktuelles</a> | <a href="/oeffnungszeiten.html">Öffnungszeiten</a> |
<a href="/kontakt.html">Kontakt &amp; Anfahrt</a> | <a href="/suche">Suche</a> | <a href="/rechner">Versandrechner</a></p>
{body}</body></html>"""


START = _page(
    "Start",
    """<h1>Willkommen</h1><p>Wir drehen, glasieren und brennen seit 1987 in einer alten Scheune am Bach.</p>
<p>Unser Ton kommt aus dem Westerwald. Jedes Stück wird von Hand gedreht und zweimal gebrannt.</p>
<p><a href="/kurse.html#kinder">Kurse für Kinder</a> und <a href="/kurse-erwachsene.html">Kurse für Erwachsene</a></p>""",
)

PRICES = _page(
    "Preise",
    """<h1>Preisliste</h1><h3>Geschirr</h3>
<table><tr><th>Stück</th><th>Größe</th><th>Preis</th></tr>
<tr><td>Becher</td><td>0,3 l</td><td>18,00 €</td></tr>
<tr><td>Teekanne</td><td>1,2 l</td><td>84,50 €</td></tr>
<tr><td>Schale klein</td><td>14 cm</td><td>22,00 €</td></tr>
<tr><td>Schale groß</td><td>28 cm</td><td>46,00 €</td></tr></table>
<h3>Brennen lassen</h3><table><tr><th>Was</th><th>Preis</th></tr>
<tr><td>Schrühbrand je Kilo</td><td>6,- €</td></tr><tr><td>Beratung</td><td>kostenlos</td></tr></table>""",
)

COURSES = _page(
    "Kurse",
    """<h1>Kurse für Kinder</h1><ul><li>Ferienkurs im Juli, fünf Vormittage</li><li>Geburtstag an der Scheibe</li>
<li>Offene Werkstatt am Samstag</li></ul><p>Die Teilnehmerzahl ist auf acht Kinder begrenzt.</p>""",
)

ADULTS = _page(
    "Kurse für Erwachsene",
    "<h1>Kurse für Erwachsene</h1><p>Der Drehkurs dauert ein Wochenende. Eine Schürze bringen Sie bitte mit.</p>",
)

NEWS = _page(
    "Aktuelles",
    """<h1>Aktuelles</h1>
<div class="eintrag"><h3>Neuer Brennofen</h3><p>3. März 2026</p><p>Der neue Ofen fasst doppelt so viel wie der alte.</p></div>
<div class="eintrag"><h3>Töpfermarkt am Bach</h3><p>18.05.2026</p><p>Am Pfingstmontag stehen dreißig Werkstätten auf der Wiese.</p></div>
<div class="eintrag"><h3>Winterpause</h3><p>20. Dezember 2025</p><p>Bis zum Dreikönigstag bleibt die Scheune geschlossen.</p></div>""",
)

HOURS = _page(
    "Öffnungszeiten",
    """<h1>Öffnungszeiten</h1><h3>Laden</h3><table><tr><td>Mo - Fr</td><td>9.00 - 18.00 Uhr</td></tr>
<tr><td>Samstag</td><td>10.00 - 14.00 Uhr</td></tr><tr><td>Sonntag</td><td>geschlossen</td></tr></table>
<h3>Werkstatt</h3><table><tr><td>Di + Do</td><td>14.00 - 20.00 Uhr</td></tr>
<tr><td>Samstag</td><td>9.00 - 13.00 Uhr</td></tr></table>""",
)

CONTACT = _page(
    "Kontakt",
    """<h1>Kontakt &amp; Anfahrt</h1><p>Töpferei Kranich, Mühlstraße 7, 35683 Dillenburg</p>
<p>Laden: Tel. 02771 / 555-120</p><p>Werkstatt: Tel. 02771 / 555-121</p>
<p>E-Mail: <a href="mailto:post@kranich.example">post@kranich.example</a></p>
<p>Mit dem Rad fahren Sie vom Bahnhof zehn Minuten am Bach entlang.</p>""",
)

SHIPPING_FORM = """<h1>Versandrechner</h1><form action="/rechner">
<fieldset><legend>Versandkosten berechnen</legend>
<label>Gewicht in kg <input name="gewicht" required></label>
<label>Land <select name="land" required><option value="">bitte wählen</option><option value="de">Deutschland</option>
<option value="at">Österreich</option><option value="ch">Schweiz</option></select></label>
<input type="hidden" name="tarif" value="2026"><button>Berechnen</button></fieldset></form>"""


def shipping(query: dict[str, str]) -> str:
    """The form, and the result once it was filled in."""
    if not query:
        return _page("Versandrechner", SHIPPING_FORM)
    cost = {"de": "6,90 €", "at": "12,90 €", "ch": "19,50 €"}[query["land"]]
    weight, tariff = escape(query["gewicht"]), escape(query["tarif"])
    return _page(
        "Versandrechner", f"{SHIPPING_FORM}<p>Ein Paket mit {weight} kg kostet {cost} (Tarif {tariff}).</p>"
    )


def search(query: dict[str, str]) -> str:
    """The site's search: one page, or nothing."""
    form = (
        '<form action="/suche"><input type="text" name="suchbegriff"><input type="submit" value="Los"></form>'
    )
    words = query.get("suchbegriff", "").lower()
    found = '<ul><li><a href="/aktuelles.html">Neuer Brennofen</a> Der neue Ofen fasst mehr.</li></ul>'
    return _page(
        "Suche",
        f"<h1>Suche</h1>{form}{found if 'ofen' in words else '<p>Keine Treffer.</p>' if words else ''}",
    )


PAGES = {
    "/": START,
    "/preise.html": PRICES,
    "/kurse.html": COURSES,
    "/kurse-erwachsene.html": ADULTS,
    "/aktuelles.html": NEWS,
    "/oeffnungszeiten.html": HOURS,
    "/kontakt.html": CONTACT,
    "/rechner": shipping,
    "/suche": search,
}
