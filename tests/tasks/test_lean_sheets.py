"""What a bundle's style sheets lose: blanks, and nothing that means something."""

import pytest

from tasks.v2.bundle import lean


@pytest.mark.parametrize(
    ("script", "leaner"),
    [
        ("sheet(`\n:host { all: initial !important; }\n.a > .b, .c { margin: 0 4px; }\n`)",
         "sheet(`:host{all:initial !important}.a>.b,.c{margin:0 4px}`)"),
        (r"sheet('\n:host { inset: 0; }\n.a *, .b { width: calc(1px + 2px); }\n')",
         "sheet(':host{inset:0}.a *,.b{width:calc(1px + 2px)}')"),
        ('const words = { a: "b ; c" };', 'const words = { a: "b ; c" };'),
        (":host { all: initial; }", ":host { all: initial; }"),
    ],
    ids=["a template", "a text with escapes", "no sheet", "no text"],
)  # fmt: skip
def test_a_sheet_keeps_what_it_says(script: str, leaner: str) -> None:
    assert lean(script).replace("` ", "`").replace("' ", "'").replace(" `", "`").replace(" '", "'") == leaner
