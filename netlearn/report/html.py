"""What pages are made of: one self-contained file, its style, pictures that live in it, tables."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from netlearn.errors import RunError

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222}
h1{font-size:1.5em;margin-bottom:.2em} .sub{color:#666;margin-top:0}
.figures{display:grid;grid-template-columns:1fr 1fr;gap:1.2em} figure{margin:0} figure.wide{grid-column:1/3}
figure svg{width:100%;height:auto} .drawn{display:flex;flex-wrap:wrap;gap:2.5em;align-items:flex-end;margin:1em 0} .drawn svg{width:auto;max-width:100%}
th{text-align:left;font-weight:600;padding:.15em 1em .15em 0} .asserts{margin:1em 0} .asserts td{font-size:.9em} figcaption{color:#555;font-size:.9em}
.numbers{display:flex;flex-wrap:wrap;gap:.8em;margin:1.2em 0}
.numbers div{background:#f3f6f9;border-radius:8px;padding:.6em 1em} .numbers b{display:block;font-size:1.25em}
.numbers span{color:#666;font-size:.85em}
table{border-collapse:collapse} td{padding:.15em 1em .15em 0;vertical-align:top}
pre{background:#f7f7f7;padding:1em;overflow:auto;border-radius:8px;font-size:.85em} pre.wrap{white-space:pre-wrap} .bad{color:#b00020}
@media(max-width:700px){.figures{grid-template-columns:1fr} figure.wide{grid-column:1}}
"""


def page(title: str, body: str) -> str:
    """All of a page."""
    return "\n".join(
        [
            "<!doctype html><html lang=en><head><meta charset=utf-8>",
            '<meta name=viewport content="width=device-width">',
            f"<title>{text(title)}</title><style>{STYLE}</style></head><body>",
            body,
            "</body></html>",
        ]
    )


def inline(path: Path, kind: str) -> str:
    """A picture's SVG with identifiers of its own, so that several live in one page."""
    svg = path.read_text(encoding="utf-8", errors="replace")
    if "<svg" not in svg:
        raise RunError(f"{path} is no SVG picture", "have it drawn again: delete it, and go on with what made it")
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'\bid="', f'id="{kind}-', svg)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{kind}-", svg)


def text(value: Any) -> str:
    return html.escape(str(value))


def table(rows: Sequence[Sequence[Any]]) -> str:
    return "<table>" + "".join(f"<tr>{''.join(f'<td>{text(v)}</td>' for v in row)}</tr>" for row in rows) + "</table>"
