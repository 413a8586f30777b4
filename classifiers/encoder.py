"""Encoder: the ONNX session. Windows in, one row of logits and of evidence a window out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from handrail.classifiers.errors import ModelError
from handrail.classifiers.windows import Window

Floats = NDArray[np.float32]


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

    def read(self, window: Window) -> Reading:
        """Read one window, always by itself and unpadded: the same window always reads the same."""
        ids = np.array([window.ids], dtype=np.int64)
        types = np.array([window.types], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": types}
        logits, evidence = self._session.run(["logits", "evidence"], feed)
        if not np.isfinite(logits).all():
            # NaN is less than every threshold: it would pass for harmless.
            raise ModelError("the model gave a reading that is no number")
        return Reading(logits[0], evidence[0])
