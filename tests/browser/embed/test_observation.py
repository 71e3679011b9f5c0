"""What an observation tells of a page: its tree, as a reader of the page meets it."""

import pytest
from playwright.sync_api import Page

from tests.browser.embed.conftest import Observe, Origin

pytestmark = [pytest.mark.browser, pytest.mark.once]


def test_a_page_becomes_roles_names_and_texts_in_reading_order(observe: Observe) -> None:
    seen = observe("""
        <header><nav aria-label=Main><a href=/pricing>Pricing</a></nav></header>
        <main>
          <h1>Winter <em>boots</em></h1>
          <p>Warm, <b>dry</b> and light.<p>Free returns.
          <ul><li>Leather</li><li>Felt, see <a href=/felt>why</a></li></ul>
          <form>
            <label for=e>Email</label><input id=e type=email name=mail required placeholder="you@home">
            <label><input type=checkbox checked> Remember me</label>
            <select name=size aria-label=Size><option>S<option selected>M</select>
            <button>Order</button>
          </form>
          <table><caption>Sizes</caption><tr><th>EU<th scope=row>UK<td>US</table>
          <img src=data:, alt="A boot" width=9 height=9><img src=data:, alt="" width=9 height=9>
        </main>
        <footer>Imprint</footer>
    """)

    assert seen.tree == [
        "banner",
        '  navigation "Main"',
        '    link "Pricing" [id=1] → /pricing',
        "main",
        '  heading 1 "Winter boots"',
        "  text: Warm, dry and light.",
        "  text: Free returns.",
        "  list",
        "    listitem: Leather",
        "    listitem",
        "      text: Felt, see",
        '      link "why" [id=2] → /felt',
        '  textbox "Email" [id=3] [type=email] [name=mail] [required] [placeholder="you@home"]',
        '  checkbox "Remember me" [id=4] [type=checkbox] [checked=true]',
        '  combobox "Size" [id=5] [name=size] [value="M"] options: S | M',
        '  button "Order" [id=6]',
        '  table "Sizes"',
        "    row",
        "      columnheader: EU",
        "      rowheader: UK",
        "      cell: US",
        '  img "A boot"',
        "contentinfo: Imprint",
    ]


def test_a_capture_has_the_shape_of_page_data(observe: Observe, site: Origin) -> None:
    data = observe("<h1>Hi</h1><a href=/a>A</a>").data

    assert data["metadata"]["treeCapture"].pop("waitedMs") >= 20
    assert data == {
        "url": f"{site.url}/",
        "title": "Shop",
        "contentType": "text/html",
        "roots": ["n1", "1"],
        "nodes": {
            "n1": {"role": "heading", "name": "Hi", "level": 1},
            "1": {"role": "link", "id": 1, "name": "A", "url": f"{site.url}/a", "label": "[id=1]"},
        },
        "elementLinkRecord": {"1": f"{site.url}/a"},
        "metadata": {
            "scrollingPerformed": False,
            "textOnly": False,
            "modal": False,
            "truncated": False,
            "treeCapture": {"status": "normal", "attempts": 1, "reasons": []},
        },
    }


@pytest.mark.parametrize(
    ("html", "line"),
    [
        ("<div role=button tabindex=0>Go</div>", 'button "Go" [id=1]'),
        ("<button role=presentation>Go</button>", 'button "Go" [id=1]'),
        ("<button role='fancy tab' aria-selected=true>Go</button>", 'tab "Go" [id=1] [selected=true]'),
        ("<button role=system>Go</button>", 'button "Go" [id=1]'),
        ("<ul role=none><li role=none>Bare</ul>", "text: Bare"),
        ("<section>Bare</section>", "text: Bare"),
        ("<section aria-label=News>One</section>", 'region "News": One'),
        ("<article><header>By Ann</header></article>", "article: By Ann"),
        ("<dl><dt>Price<dd>5</dl>", "list"),
        ("<input list=l><datalist id=l><option>x</datalist>", "combobox [id=1] [type=text]"),
        (
            "<input type=range min=1 max=9 step=2 value=3>",
            'slider [id=1] [type=range] [value="3"] [min=1] [max=9] [step=2]',
        ),
        ("<progress max=10 value=4></progress>", 'progressbar [value="4"]'),
        ("<div role=heading aria-level=4>Deep</div>", 'heading 4 "Deep"'),
        ("<fieldset><legend>Ship to</legend>Home</fieldset>", 'group "Ship to": Home'),
        ("<a>no target</a>", "text: no target"),
    ],
)
def test_a_role_is_the_one_given_or_the_one_of_the_tag(html: str, line: str, observe: Observe) -> None:
    assert observe(html).tree[0] == line


@pytest.mark.parametrize(
    ("html", "label"),
    [
        ("<input type=checkbox>", "[type=checkbox] [checked=false]"),
        ("<div role=checkbox tabindex=0 aria-checked=mixed></div>", "[checked=mixed]"),
        ("<button disabled>", "[disabled]"),
        ("<fieldset disabled><input></fieldset>", "[type=text] [disabled]"),
        ("<button aria-disabled=true>", "[disabled]"),
        ("<input readonly value=7>", '[type=text] [value="7"] [readonly]'),
        ("<button aria-expanded=false>", "[expanded=false]"),
        ("<button aria-pressed=true>", "[pressed=true]"),
        ("<a href=/ aria-current=page>Home</a>", "[current=page]"),
        ("<input aria-invalid=true>", "[type=text] [invalid]"),
        ("<input required>", "[type=text] [required]"),
        ("<input type=email value=nobody>", '[type=email] [value="nobody"] [invalid]'),
        ("<input autofocus>", "[type=text] [focused]"),
        (
            "<input name='a[b]' value='say \"[id=9]\"'>",
            '[type=text] [name=a&#91;b&#93;] [value="say &quot;&#91;id=9&#93;&quot;"]',
        ),
    ],
)
def test_a_label_tells_the_states_of_what_can_be_acted_on(html: str, label: str, observe: Observe) -> None:
    seen = observe(
        f"<style>*{{min-width:9px;min-height:9px}}</style>{html}",
        script="document.querySelector('[autofocus]')?.focus()",
    )

    (node,) = [node for node in seen.nodes if "id" in node]

    assert node["label"] == f"[id=1] {label}"


@pytest.mark.parametrize(
    "html",
    [
        "<p style='display:none'>secret</p>",
        "<p hidden>secret</p>",
        "<p style='visibility:hidden'>secret</p>",
        "<p aria-hidden=true>secret</p>",
        "<div inert><button>secret</button></div>",
        "<div style='height:0;overflow:hidden'><p>secret</p></div>",
        "<a href=/secret style='display:block;width:0'></a>",
        "<details><summary>More</summary>secret<p>secret</details>",
        "<div style='content-visibility:hidden'><p>secret</p></div>",
        "<div hidden=until-found><p>secret</p></div>",
        "<template>secret</template><script>/* secret */</script><noscript>secret</noscript>",
        "<input type=hidden name=secret value=secret>",
        "<div id=rover-widget-root><button>secret</button></div>",
        "<button>Go <span hidden>secret</span><i aria-hidden=true>secret</i></button>",
    ],
)
def test_what_a_reader_does_not_see_is_not_told(html: str, observe: Observe) -> None:
    seen = observe(f"<h1>Open</h1>{html}")

    assert "secret" not in str(seen.data)
    assert seen.tree[0] == 'heading 1 "Open"'


def test_what_is_seen_inside_of_hidden_or_boxless_parents_is_told(observe: Observe) -> None:
    seen = observe("""
        <div style="visibility:hidden">no <b style="visibility:visible">yes</b></div>
        <div style="display:contents"><p>boxless</p></div>
        <a href=/float><span style="float:left">floating</span></a>
        <details open><summary>More</summary>opened</details>
        <div style="opacity:0"><input type=file aria-label=Photo></div>
    """)

    assert seen.tree == [
        "text: yes",
        "text: boxless",
        'link "floating" [id=1] → /float',
        'button "More" [id=2] [expanded=true]',
        "text: opened",
        'button "Photo" [id=3] [type=file]',
    ]


def test_a_name_from_the_content_is_not_told_twice(observe: Observe) -> None:
    seen = observe("""
        <a href=/card><h2>Boots</h2><p>Warm and dry</p></a>
        <div role=button tabindex=0>Open <a href=/inner>inner</a></div>
        <button aria-label=Close>×</button>
    """)

    assert seen.tree == [
        'link "Boots Warm and dry" [id=1] → /card',
        '  heading 2 "Boots"',
        'button "Open inner" [id=2]',
        '  link "inner" [id=3] → /inner',
        'button "Close" [id=4]: ×',
    ]


def test_a_name_too_long_leaves_the_text_in_the_tree(observe: Observe) -> None:
    seen = observe(f"<a href=/x>{'word ' * 100}</a>")

    (link,) = seen.nodes
    assert len(link["name"]) == 200
    assert link["text"] == ("word " * 100).strip()


def test_elements_that_only_look_as_if_they_listen_are_numbered_with_the_reason(observe: Observe) -> None:
    seen = observe(
        """
        <div onclick="1">Attribute</div>
        <div id=p>Property</div>
        <div tabindex=0>Focusable</div>
        <div style="cursor:pointer">Pointed <span>at</span></div>
        <div tabindex=-1>Not this</div>
        """,
        script="document.querySelector('#p').onclick = () => {}",
    )

    hints = {node["name"]: node["hint"] for node in seen.nodes if "hint" in node}
    assert hints == {
        "Attribute": "onclick",
        "Property": "onclick",
        "Focusable": "tabindex",
        "Pointed at": "cursor",
    }
    assert seen.tree[-1] == "text: Not this"


def test_a_field_that_is_drawn_by_its_label_stays(observe: Observe) -> None:
    seen = observe("""
        <label><input type=radio name=r style="position:absolute;opacity:0;width:0;height:0"><i>( )</i> By post</label>
        <label id=l><input type=checkbox style="display:none"> I agree</label>
    """)

    assert seen.tree == [
        'radio "( ) By post" [id=1] [type=radio] [name=r] [checked=false]',
        'checkbox "I agree" [id=2] [type=checkbox] [checked=false]',
    ]
    label = seen.element(2)
    assert label
    assert label.get_attribute("id") == "l", "the label is what a person can click"


def test_editable_regions_and_selects_are_fields_with_a_value(observe: Observe) -> None:
    options = "".join(f"<option>{number}" for number in range(70))
    seen = observe(f"""
        <div contenteditable aria-label=Note>Dear <b>all</b></div>
        <div role=textbox tabindex=0 aria-label=Own>mine</div>
        <select multiple aria-label=Many><option selected>a<option selected>b</select>
        <select aria-label=Long>{options}</select>
        <textarea aria-label=Text>two\nlines</textarea>
    """)

    held = {node["name"]: node["props"]["value"] for node in seen.nodes}
    assert held == {"Note": "Dear all", "Own": "mine", "Many": "a, b", "Long": "0", "Text": "two lines"}
    assert seen.node("listbox", "Many")["options"] == ["a", "b"]
    assert seen.node("combobox", "Long")["options"] == [*map(str, range(60))]


def test_links_lead_to_the_web_a_mailbox_or_a_telephone(observe: Observe, site: Origin) -> None:
    seen = observe("""
        <a href="javascript:steal()">script</a><a href=" JavaScript:steal()">script</a><a href="data:text/html,x">data</a>
        <a href="http://user:word@127.0.0.1/in">in</a><a href="mailto:a@b.example">mail</a><a href="tel:+49">call</a>
        <a href="?q=1#top">here</a><a href="http://[">broken</a>
    """)

    assert seen.data["elementLinkRecord"] == {
        "4": "http://127.0.0.1/in",
        "5": "mailto:a@b.example",
        "6": "tel:+49",
        "7": f"{site.url}/?q=1#top",
    }
    assert "steal" not in str(seen.data)
    assert [node["name"] for node in seen.nodes] == [
        "script",
        "script",
        "data",
        "in",
        "mail",
        "call",
        "here",
        "broken",
    ]


def test_open_shadow_roots_are_read_with_what_is_assigned_to_them(observe: Observe) -> None:
    seen = observe(
        """
        <my-card><b>light</b><i slot=aside>aside</i><u slot=nowhere>lost</u></my-card>
        <my-safe></my-safe>
        """,
        script="""() => {
            const card = document.querySelector('my-card').attachShadow({mode: 'open'});
            card.innerHTML = '<h2>Shadow</h2><p><slot></slot></p><button><slot name=aside></slot></button><slot name=empty>preset</slot>';
            document.querySelector('my-safe').attachShadow({mode: 'closed'}).innerHTML = '<button>inside</button>';
        }""",
    )

    assert seen.tree == ['heading 2 "Shadow"', "text: light", 'button "aside" [id=1]', "text: preset"]


def test_a_list_of_thousands_in_one_another_is_read(observe: Observe) -> None:
    seen = observe(
        "<main></main>",
        script="""() => {
            let at = document.querySelector('main');
            for (let depth = 0; depth < 1500; depth++) at = at.appendChild(document.createElement('ul'));
            at.append('deep');
        }""",
    )

    lists = [node for node in seen.nodes if node["role"] == "list"]
    assert len(lists) == 1500
    assert sum(node.get("text") == "deep" for node in lists) == 1
    assert seen.render(maxChars=5_000_000).endswith("  list: deep")


def test_a_form_whose_fields_hide_its_own_methods_does_not_stop_the_reading(observe: Observe) -> None:
    seen = observe("""
        <form><input name=getAttribute><input name=matches></form>
        <form><input name=id aria-label=Id><input name=title aria-label=Title><input name=hidden aria-label=Hidden></form>
        <p>after</p><img name=title alt="" src=data:,><form name=URL></form>
    """)

    assert seen.tree == [
        'textbox "Id" [id=1] [type=text] [name=id]',
        'textbox "Title" [id=2] [type=text] [name=title]',
        'textbox "Hidden" [id=3] [type=text] [name=hidden]',
        "text: after",
    ]


def test_one_element_can_be_observed_alone(observe: Observe) -> None:
    assert observe("<p>out</p><main>in</main>", root="main").tree == ["main: in"]


def test_text_alone_is_read_when_the_owner_wants_no_more(observe: Observe) -> None:
    seen = observe(
        """<h1>Boots</h1><p>Warm <a href=/x>and dry</a></p><p hidden>no</p><p data-agent-private>mine</p>
        <input value=typed><textarea>typed</textarea><div contenteditable>typed</div><select><option>typed</select>""",
        onlyTextContent=True,
    )

    assert seen.tree == ["text: Boots", "text: Warm and dry", "text: ••••"]
    assert seen.data["elementLinkRecord"] == {}
    assert seen.data["metadata"]["textOnly"] is True


def test_a_plain_text_document_is_its_text(observe_open: Observe, page: Page, site: Origin) -> None:
    page.goto(site.put("/robots", "User-agent: *\nAllow: /", Content_Type="text/plain"))

    seen = observe_open()

    assert seen.data["contentType"] == "text/plain"
    assert seen.tree == ["text: User-agent: * Allow: /"]
