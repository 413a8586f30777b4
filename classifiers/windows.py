"""Windows: exchanges cut into sequences the encoder can read at once, nothing left out.

A window is `[CLS] context [SEP]` for a reading of risk, and `[CLS] context [SEP] reply [SEP]` for a
reading of behaviour. Token type 1 marks the reply. Long conversations and replies become several
overlapping windows; each token keeps the place in the original text it was made of.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from tokenizers import Tokenizer

from handrail.classifiers.exchange import Conversation, Exchange, Message
from handrail.classifiers.normalise import NormalText, normalise

# Characters that nearly always hold a token, more than three times the mean.
_CHARACTERS = 16

# Tokens over which the beginning of a word is looked for; past that a text has no words to be cut between.
_LONGEST_WORD = 64

_NOTHING = NormalText("", (0,))

ROLE_NAMES = {"user": "client:", "assistant": "chatbot:"}


class WindowLimits(BaseModel):
    """Sizes in tokens. A pair window holds at most context + reply + 3 tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    risk: int = Field(default=254, ge=16, le=509, description="context tokens of a risk window")
    context: int = Field(default=96, ge=8, description="context tokens of a pair window")
    reply: int = Field(default=304, ge=16, description="reply tokens of a pair window")
    overlap: int = Field(default=48, ge=0, description="tokens that neighbouring windows share")


class Place(NamedTuple):
    """Where a token came from: a text, and a range of the characters it was normalised to."""

    source: "Source"
    span: tuple[int, int]

    @property
    def message(self) -> int | None:
        """Index of the message, or None for the reply."""
        return self.source.message

    @property
    def range(self) -> tuple[int, int]:
        """The half-open range of characters in the original text."""
        start, end = self.source.normal.origin(*self.span)
        return self.source.base + start, self.source.base + end


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A text as it was read: which message (None: the reply), from which character on, normalised."""

    message: int | None
    base: int
    normal: NormalText


@dataclass(frozen=True, slots=True)
class Window:
    """Token ids, their types (1: reply) and, for all but the special tokens, their places."""

    ids: tuple[int, ...]
    types: tuple[int, ...]
    places: tuple[Place | None, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """A full window of a text, where it ends, where the word is in which the next one begins, and how many
    of the tokens from there on come before it.
    """

    window: Window
    end: int
    next: int
    skip: int


# A token's id and its place; most are never asked where they came from, so that is worked out late.
_Tokens = list[tuple[int, Place]]


class WindowMaker:
    """Cuts conversations and exchanges into windows. Thread-safe."""

    def __init__(self, tokenizer: Tokenizer, limits: WindowLimits) -> None:
        self._tokenizer = tokenizer
        # Cutting is ours to do, and "[SEP]" that somebody typed is text, no mark of ours.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True
        self._limits = limits
        self._cls = _id_of(tokenizer, "[CLS]")
        self._sep = _id_of(tokenizer, "[SEP]")
        self._roles = {
            role: tokenizer.encode(name, add_special_tokens=False).ids for role, name in ROLE_NAMES.items()
        }

    @property
    def vocabulary(self) -> int:
        """How many word pieces there are."""
        return int(self._tokenizer.get_vocab_size())

    def of_conversation(self, conversation: Conversation) -> list[Window]:
        """Windows for a reading of risk; at least one."""
        tokens = self._conversation_tokens(conversation)
        parts = _slices(tokens, self._limits.risk, self._limits.overlap)
        return [self._window(part, None) for part in parts]

    def of_exchange(self, exchange: Exchange) -> list[Window]:
        """Windows for a reading of behaviour; at least one. Each sees the end of the conversation."""
        context = self._conversation_tokens(exchange.conversation, self._limits.context)
        reply = self._tokens(exchange.reply, None)
        parts = _slices(reply, self._limits.reply, self._limits.overlap)
        return [self._window(context, part) for part in parts]

    def filled(self, conversation: Conversation, text: str, base: int, skip: int) -> Filled | None:
        """The first window of a reply whose text from character `base` on is given, after `skip` tokens.

        None while it may still change. It is the very window that `of_exchange` makes of the whole reply.
        """
        tokens, size = self._tokens(text, None, base), self._limits.reply
        if skip + size >= len(tokens):
            return None
        part = tokens[skip : skip + size]
        begin = skip + max(1, size - self._limits.overlap)
        words = (at for at in range(begin, max(begin - _LONGEST_WORD, 0), -1) if _begins(tokens, at, text))
        word = next(words, begin)
        context = self._conversation_tokens(conversation, self._limits.context)
        ends = (part[-1][1].range[1], tokens[word][1].range[0])
        return Filled(self._window(context, part), *ends, begin - word)

    def _conversation_tokens(self, conversation: Conversation, most: int | None = None) -> _Tokens:
        """The last `most` tokens of the conversation, or all; older messages are not even read."""
        tokens: _Tokens = []
        for index in range(len(conversation.messages) - 1, -1, -1):
            tokens[:0] = self._message_tokens(conversation.messages[index], index, most)
            if most is not None and len(tokens) >= most:
                return tokens[-most:]
        return tokens

    def _message_tokens(self, message: Message, index: int, most: int | None) -> _Tokens:
        nowhere = Place(Source(index, 0, _NOTHING), (0, 0))
        prefix = [(i, nowhere) for i in self._roles[message.role]]
        # Where only the end is wanted, only the end is read: a sentence of a stream must not cost a
        # reading of the whole of a long message.
        start = max(0, len(message.content) - most * _CHARACTERS) if most else 0
        return prefix + self._tokens(message.content[start:], index, start)

    def _tokens(self, text: str, message: int | None, base: int = 0) -> _Tokens:
        """Tokens of a text that begins at `base` of its message."""
        normal = normalise(text)
        encoding = self._tokenizer.encode(normal.text, add_special_tokens=False)
        source = Source(message, base, normal)
        return [(i, Place(source, span)) for i, span in zip(encoding.ids, encoding.offsets, strict=True)]

    def _window(
        self, context: Sequence[tuple[int, Place]], reply: Sequence[tuple[int, Place]] | None
    ) -> Window:
        ids = [self._cls, *(i for i, _ in context), self._sep]
        places: list[Place | None] = [None, *(p for _, p in context), None]
        types = [0] * len(ids)
        if reply is not None:
            ids += [*(i for i, _ in reply), self._sep]
            places += [*(p for _, p in reply), None]
            types += [1] * (len(reply) + 1)
        return Window(tuple(ids), tuple(types), tuple(places))


def _id_of(tokenizer: Tokenizer, token: str) -> int:
    found = tokenizer.token_to_id(token)
    if found is None:
        raise ValueError(f"the tokenizer has no {token} token")
    return int(found)


def _begins(tokens: _Tokens, at: int, text: str) -> bool:
    """Whether a token is the first of its word: what stands before can't change it.

    One character may make several tokens, as ½ does, of which the first begins the word.
    """
    place, before = tokens[at][1], tokens[at - 1][1]
    start = place.range[0] - place.source.base
    return before.range[0] < place.range[0] and text[max(0, start - 1) : start].isspace()


def _slices(tokens: _Tokens, size: int, overlap: int) -> Iterator[_Tokens]:
    """Overlapping slices that cover all tokens; the last one ends with the last token."""
    step = max(1, size - overlap)
    start = 0
    while start + size < len(tokens):
        yield tokens[start : start + size]
        start += step
    yield tokens[max(0, len(tokens) - size) :]
