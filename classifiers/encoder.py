"""Encoder: the ONNX session. Windows in, one row of logits and of evidence a window out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from handrail.classifiers.errors import ModelError
from handrail.classifiers.windows import Window

Floats = NDArray[np.float32]

# Windows are run together only while padding wastes less than this share of the batch: on a CPU a
# padded token costs as much as a real one.
_MOST_PADDING = 0.15
_MOST_WINDOWS = 16


@dataclass(frozen=True, slots=True)
class Reading:
    """Logits [labels] and each token's contribution to them [tokens, labels]."""

    logits: Floats
    evidence: Floats


class Encoder:
    """A session on one model file. Thread-safe; each call runs on the calling thread.

    Raises ModelError when the file is no ONNX model or has other inputs or outputs.
    """

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        # One thread a call: concurrency comes from calling on several threads, which wastes no core on
        # waiting for another; and no spinning, which would steal time from the event loop.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ModelError(f"model file {path} can't be loaded by ONNX Runtime") from error
        names = [o.name for o in self._session.get_outputs()]
        if names != ["logits", "evidence"]:
            raise ModelError(f"model file {path} has outputs {names}, expected logits and evidence")

    def read(self, windows: Sequence[Window]) -> list[Reading]:
        """Read any number of windows, in groups of like length; results in the order given."""
        readings: list[Reading | None] = [None] * len(windows)
        for group in like_lengths([len(w.ids) for w in windows]):
            for index, reading in zip(group, self._run([windows[i] for i in group]), strict=True):
                readings[index] = reading
        return [r for r in readings if r is not None]

    def _run(self, windows: Sequence[Window]) -> list[Reading]:
        length = max(len(w.ids) for w in windows)
        ids = np.zeros((len(windows), length), dtype=np.int64)
        mask = np.zeros_like(ids)
        types = np.zeros_like(ids)
        for row, window in enumerate(windows):
            size = len(window.ids)
            ids[row, :size] = window.ids
            mask[row, :size] = 1
            types[row, :size] = window.types
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        logits, evidence = self._session.run(["logits", "evidence"], feed)
        if not np.isfinite(logits).all():
            # NaN is less than every threshold: it would pass for harmless.
            raise ModelError("the model gave a reading that is no number")
        return [Reading(logits[row], evidence[row, : len(window.ids)]) for row, window in enumerate(windows)]


def like_lengths(lengths: Sequence[int]) -> list[list[int]]:
    """Group indices so that little of each group is padding."""
    groups: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        group = groups[-1] if groups else []
        total = sum(lengths[i] for i in group) + lengths[index]
        padded = lengths[index] * (len(group) + 1)
        if group and len(group) < _MOST_WINDOWS and total >= padded * (1 - _MOST_PADDING):
            group.append(index)
        else:
            groups.append([index])
    return groups
