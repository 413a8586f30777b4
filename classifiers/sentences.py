"""Sentences: where a reply that is still being written can be cut for judging."""

import re

# A full stop ends no sentence after these, after a single initial, or after a list number.
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof sr jr st vs etc e.g i.e approx no fig "  # noqa: SIM905  (words read best as words)
    "dept est min max tel ext a.m p.m u.s u.k cf vol ch pp ed inc ltd co "
    "z.b d.h u.a bzw usw ggf evtl nr str p.ej sra dra ud uds av mme mlle".split()
)
# What may stand between a full stop and the space after it: quotes, brackets, markdown, emoji.
_CLOSERS = "\"'”’»)\\]*_`~\u2600-\u27bf\u200d\ufe0f\U0001f000-\U0001faff"  # noqa: RUF001  (typographic quotes)
# Stops of scripts that put no space after them, or whose stop means nothing else.
_STOPS = "。！？｡．।॥؟۔։።፧។၊။༎"  # noqa: RUF001  (CJK, Indic, Arabic, Armenian, Ethiopic, Khmer, Burmese, Tibetan)
_END = re.compile(
    rf"(?<![.!?…])[.!?…]++[{_CLOSERS}]*+(?=\s)|[{_STOPS}]+[」』”’）»]*|(?<=\S)(?=\n)"  # noqa: RUF001  (CJK quotes)
)
_LAST_WORD = re.compile(r"\S+$")
_LIST_NUMBER = re.compile(r"(?:^|\n)\s*\(?(?:\d{1,3}|[A-Za-z])\.$")


def sentence_ends(text: str, start: int = 0) -> list[int]:
    """Positions just after each sentence of `text` that ends at or after `start`.

    An end is only known once what follows it is: a full stop at the very end of the text may still
    become "3.5". Line ends close a sentence, so list items and headings are judged one by one.
    """
    found = {m.end() for m in _END.finditer(text, start) if m.end() > start and _is_end(text, m)}
    return sorted(found)


def _is_end(text: str, match: re.Match[str]) -> bool:
    if not match.group().startswith(".") or match.group().startswith(".."):
        return True
    before = text[max(0, match.start() - 24) : match.start()]
    if _LIST_NUMBER.search(before + "."):
        return False
    word = _LAST_WORD.search(before)
    if word is None:
        return True
    last = word.group().lower().lstrip("(\"'“‘[*_")  # noqa: RUF001  (typographic quotes open words)
    return last not in _ABBREVIATIONS and not (len(last) == 1 and last.isalpha() and last != "i")
