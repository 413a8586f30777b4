"""Document: a report as headings, words, tables and figures; written as Markdown and as one HTML file."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0
1rem;color:#1b1f24;background:#fff} h1,h2,h3{line-height:1.2}h2{margin-top:2.5rem;border-bottom:1px solid
#d0d7de} table{border-collapse:collapse;font-size:.88rem;margin:1rem 0;display:block;overflow-x:auto}
th,td{padding:.3rem .7rem;border-bottom:1px solid #d0d7de;text-align:left}
th,td{font-variant-numeric:tabular-nums;white-space:nowrap}
th{background:#f6f8fa}figure{margin:1.2rem 0}figure svg{max-width:100%;height:auto}
figcaption,.note{color:#57606a;font-size:.9rem}
"""


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a header."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture as SVG, what is to be seen in it, and the name of its file."""

    name: str
    caption: str
    svg: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    title: str
    parts: Sequence[Words | Table | Figure]


@dataclass(frozen=True, slots=True)
class Document:
    """A report."""

    title: str
    sections: Sequence[Section]


def write_document(document: Document, folder: Path) -> None:
    """Write report.html (which needs no other file), summary.md, and each figure as SVG beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text(to_html(document), encoding="utf-8")
    (folder / "summary.md").write_text(to_markdown(document), encoding="utf-8")
    for section in document.sections:
        for part in section.parts:
            if isinstance(part, Figure):
                (folder / f"{part.name}.svg").write_text(part.svg, encoding="utf-8")


def to_markdown(document: Document) -> str:
    """The report in Markdown, its figures as links to the files beside it."""
    lines = [f"# {document.title}", ""]
    for section in document.sections:
        lines += [f"## {section.title}", ""]
        for part in section.parts:
            lines += [_markdown(part), ""]
    return "\n".join(lines)


def to_html(document: Document) -> str:
    """The report as one page that asks for nothing from anywhere."""
    body = "".join(
        f"<section><h2>{_safe(s.title)}</h2>{''.join(map(_html, s.parts))}</section>"
        for s in document.sections
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width"><title>'
        f"{_safe(document.title)}</title><style>{_STYLE}</style></head><body><h1>{_safe(document.title)}</h1>"
        f"{body}</body></html>\n"
    )


def _markdown(part: Words | Table | Figure) -> str:
    if isinstance(part, Words):
        return part.text
    if isinstance(part, Figure):
        return f"![{part.caption}]({part.name}.svg)\n\n*{part.caption}*"
    rows = [
        [cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in (part.header, *part.rows)
    ]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "| " + " | ".join("---" for _ in part.header) + " |", *lines[1:]])


def _html(part: Words | Table | Figure) -> str:
    if isinstance(part, Words):
        return f"<p>{_safe(part.text)}</p>"
    if isinstance(part, Figure):
        return f"<figure>{_inline(part.svg)}<figcaption>{_safe(part.caption)}</figcaption></figure>"
    head = "".join(f"<th>{_safe(cell)}</th>" for cell in part.header)
    rows = "".join(f"<tr>{''.join(f'<td>{_safe(c)}</td>' for c in row)}</tr>" for row in part.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _inline(svg: str) -> str:
    """The picture itself, without what only a file of its own may begin with."""
    return svg[svg.index("<svg") :]


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
