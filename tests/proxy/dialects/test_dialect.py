"""Dialects as a real server speaks them: transformers' own, with tiny weights made on the spot.

It is taught two replies by heart, so that a true stream of tokens holds a harm. It needs what training needs.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..conftest import DEPTH, HARMFUL_MESSAGE, HARMFUL_REPLY, HARMLESS_MESSAGE, Guarded, client_of, talk

pytestmark = pytest.mark.train

PLAIN_REPLY = "A big tray of roast vegetables works well. Start with peppers and beans."
TAUGHT = ((HARMFUL_MESSAGE, HARMFUL_REPLY), (HARMLESS_MESSAGE, PLAIN_REPLY))
TEMPLATE = "{% for m in messages %}<s>{{ m['content'] }}{% endfor %}<s>"


def make_model(folder: Path) -> None:
    """Weights and tokenizer of a model of two layers that knows two replies; seed 0."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator([text for pair in TAUGHT for text in pair], trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    fast.chat_template = TEMPLATE
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=512,
        bos_token_id=0,
        eos_token_id=1,
    )
    model = LlamaForCausalLM(config)
    _teach(model, [fast.encode(f"<s>{said}<s>{reply}</s>") for said, reply in TAUGHT])
    model.generation_config.do_sample = False
    model.save_pretrained(folder)
    fast.save_pretrained(folder)


def _teach(model: Any, rows: list[list[int]]) -> None:
    import torch

    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.train()
    for _ in range(150):
        for row in rows:
            tokens = torch.tensor([row])
            loss = model(input_ids=tokens, labels=tokens).loss
            loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    model.eval()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The tiny model's folder."""
    folder = tmp_path_factory.mktemp("model")
    make_model(folder)
    return str(folder)


@pytest.fixture(scope="module")
def server(model: str) -> Iterator[str]:
    """`transformers serve` with that model; its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", model]
    where = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    offline = {**os.environ, "HF_HUB_OFFLINE": "1"}
    with subprocess.Popen([*command, *where], env=offline, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            urllib.request.urlopen(url).read()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail("the server did not start")


def asked(model: str, said: str) -> dict[str, Any]:
    """A request that a model answers in the one way it knows."""
    messages = [{"role": "user", "content": said}]
    return {"model": model, "messages": messages, "max_tokens": 200, "temperature": 0}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("said", "reply"), TAUGHT)
async def test_chat(guarded: Guarded, server: str, model: str, said: str, reply: str, stream: bool) -> None:
    """What the server says of itself arrives as it is when it is harmless, and repaired when it harms."""
    found = []
    for url in (server, await guarded(server, locale="en-US")):
        if stream:
            found.append((await talk(url, said, model=model, max_tokens=200, temperature=0))[0])
            continue
        async with client_of(url) as client:
            answer = await client.chat.completions.create(**asked(model, said))
        assert answer.usage
        found.append(answer.choices[0].message.content or "")
    bare, kept = found
    assert reply in bare
    if said == HARMFUL_MESSAGE:
        assert DEPTH in bare
        assert DEPTH not in kept
        assert "988" in kept
    else:
        assert kept == bare


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("said", "reply"), TAUGHT)
async def test_older_completions(
    guarded: Guarded, server: str, model: str, said: str, reply: str, stream: bool
) -> None:
    """The same by the older endpoint, with a prompt."""
    found = []
    for url in (server, await guarded(server, locale="en-US")):
        async with client_of(url) as client:
            prompt = {**asked(model, said), "prompt": f"<s>{said}<s>"}
            del prompt["messages"]
            if stream:
                events = await client.completions.create(**prompt, stream=True)
                found.append("".join([c.text or "" async for e in events for c in e.choices]))
            else:
                found.append((await client.completions.create(**prompt)).choices[0].text)
    bare, kept = found
    assert reply in bare
    assert (kept == bare) == (said == HARMLESS_MESSAGE)
    assert DEPTH not in kept
