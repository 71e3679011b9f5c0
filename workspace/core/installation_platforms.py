"""The installation in the dialect of common platforms, each text ready to paste."""

import json
from dataclasses import dataclass

from workspace.core.discovery.marker import script_json
from workspace.core.installation import (
    Installation,
    KeyFacts,
    csp_lines,
    head_discovery,
    link_header,
    snippet,
    snippet_attributes,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """`language` names the syntax: html, php, tsx, typescript, http."""

    name: str
    language: str
    text: str


def platform_tabs(installation: Installation, key: KeyFacts) -> list[Tab]:
    """The tabs in the order of the page. Without discovery the last one is left out."""
    tabs = [
        Tab(name="HTML", language="html", text=snippet(installation, key)),
        Tab(name="WordPress", language="php", text=_wordpress(installation, key)),
        Tab(name="Next.js", language="tsx", text=_next(installation, key)),
        Tab(name="Nuxt", language="typescript", text=_nuxt(installation, key)),
        Tab(name="Django", language="html", text=_django(installation, key)),
        Tab(name="Google Tag Manager", language="html", text=_tag_manager(installation, key)),
        Tab(name="CSP header", language="http", text=_csp(installation)),
    ]
    if head := head_discovery(installation, key):
        header = f"<!-- or as a header of the answer -->\n<!-- Link: {link_header(installation, key)} -->"
        text = f"{head}\n\n{header}"
        tabs.append(Tab(name="Agent discovery", language="html", text=text))
    return tabs


def _wordpress(installation: Installation, key: KeyFacts) -> str:
    rows = [
        f"    {_php(name)} => {_php(value)}," for name, value in snippet_attributes(installation, key).items()
    ]
    return "\n".join(
        [
            "// functions.php of your theme, or a small plugin",
            "add_action('wp_footer', function () {",
            "  wp_print_script_tag([",
            *rows,
            "    'async' => true,",
            "  ]);",
            "});",
        ]
    )


def _next(installation: Installation, key: KeyFacts) -> str:
    rows = [
        f"          {name}={{{script_json(v)}}}" for name, v in snippet_attributes(installation, key).items()
    ]
    return "\n".join(
        [
            "// app/layout.tsx: a plain script element, so that it is part of the HTML",
            "export default function RootLayout({ children }: { children: React.ReactNode }) {",
            "  return (",
            '    <html lang="en">',
            "      <body>",
            "        {children}",
            "        <script",
            "          async",
            *rows,
            "        />",
            "      </body>",
            "    </html>",
            "  );",
            "}",
        ]
    )


def _nuxt(installation: Installation, key: KeyFacts) -> str:
    given: dict[str, object] = {
        **snippet_attributes(installation, key),
        "async": True,
        "tagPosition": "bodyClose",
    }
    rows = json.dumps([given], indent=2).replace("\n", "\n      ")
    return "\n".join(
        [
            "// nuxt.config.ts",
            "export default defineNuxtConfig({",
            "  app: {",
            "    head: {",
            f"      script: {rows},",
            "    },",
            "  },",
            "});",
        ]
    )


def _django(installation: Installation, key: KeyFacts) -> str:
    inner = snippet(installation, key).replace("\n", "\n  ")
    return f"{{# the base template, before the end of the body #}}\n  {inner}\n</body>"


def _tag_manager(installation: Installation, key: KeyFacts) -> str:
    # a tag manager drops the data attributes of script elements in its HTML, so they are set by script
    return "\n".join(
        [
            "<!-- a Custom HTML tag, fired on all pages -->",
            "<script>",
            "(function () {",
            "  var tag = document.createElement('script');",
            f"  var attributes = {script_json(snippet_attributes(installation, key))};",
            "  for (var name in attributes) tag.setAttribute(name, attributes[name]);",
            "  tag.async = true;",
            "  document.body.appendChild(tag);",
            "})();",
            "</script>",
        ]
    )


def _csp(installation: Installation) -> str:
    lines = ";\n  ".join(csp_lines(installation))
    return f"# add these sources to the directives that your policy has\nContent-Security-Policy:\n  {lines}"


def _php(text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{quoted}'"
