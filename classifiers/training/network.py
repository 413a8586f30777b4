"""Network: a MiniLM encoder with two head sets, one reading the conversation, one the reply.

Each head set pools its own segment of tokens in three ways: the [CLS] token, the mean, and an attention
of its own for each label. The last finds a short harm in a long kind reply, where a mean would drown it,
and its terms are the evidence shown to reviewers: each token's share of the label's logit.
"""

import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn

from handrail.classifiers.manifest import BEHAVIOUR_OUTPUTS, RISK_OUTPUTS

BASE_MODEL = "sentence-transformers/all-MiniLM-L6-v2"


class SegmentHeads(nn.Module):
    """Linear heads over one segment of tokens."""

    def __init__(self, width: int, labels: int, dropout: float) -> None:
        super().__init__()
        self.attention = nn.Linear(width, labels)
        self.value = nn.Linear(width, labels)
        self.whole = nn.Linear(2 * width, labels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor, segment: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [batch, labels] and evidence [batch, tokens, labels].

        `hidden` is [batch, tokens, width], `segment` [batch, tokens] with 1 for tokens that count.
        """
        hidden = self.dropout(hidden)
        weight = segment.unsqueeze(-1)
        scores = self.attention(hidden) - (1 - weight) * 1e4
        evidence = torch.softmax(scores, dim=1) * self.value(hidden) * weight
        mean = (hidden * weight).sum(1) / weight.sum(1).clamp(min=1)
        whole = self.whole(torch.cat([hidden[:, 0], mean], dim=-1))
        return whole + evidence.sum(1), evidence


class GuardNetwork(nn.Module):
    """The encoder and both head sets; outputs in the order of `manifest.OUTPUTS`."""

    def __init__(self, encoder: nn.Module, width: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        self.risk = SegmentHeads(width, len(RISK_OUTPUTS), dropout)
        self.behaviour = SegmentHeads(width, len(BEHAVIOUR_OUTPUTS), dropout)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits [batch, labels] and evidence [batch, tokens, labels] of [batch, tokens] inputs."""
        hidden = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        return self.heads(hidden, attention_mask, token_type_ids)

    def heads(self, hidden: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and evidence of hidden states [batch, tokens, width]."""
        mask = attention_mask.to(hidden.dtype)
        reply = token_type_ids.to(hidden.dtype) * mask
        risk, risk_evidence = self.risk(hidden, mask - reply)
        behaviour, behaviour_evidence = self.behaviour(hidden, reply)
        return (
            torch.cat([risk, behaviour], dim=-1),
            torch.cat([risk_evidence, behaviour_evidence], dim=-1),
        )


def base_network(
    folder: str, layers: int | None = None, kind: type[GuardNetwork] = GuardNetwork
) -> GuardNetwork:
    """A network on the pretrained encoder in a folder, its embeddings frozen.

    `layers` keeps only the first so many encoder layers (None: all). Attention weights are not dropped
    out: without that the fused attention of PyTorch serves, three times as fast at 300 tokens.
    """
    kwargs = {"attention_probs_dropout_prob": 0.0}
    encoder = SentenceTransformer(folder, device="cpu", local_files_only=True, config_kwargs=kwargs)[
        0
    ].auto_model
    if layers is not None:
        encoder.encoder.layer = encoder.encoder.layer[:layers]
    for parameter in encoder.embeddings.parameters():
        parameter.requires_grad = False
    return kind(encoder, encoder.config.hidden_size)
