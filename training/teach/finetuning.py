"""Fine-tuning an encoder to predict labels, in one pass or a few; it can be resumed after any step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR

from training.learning.amp import has_bfloat16
from training.teach.batches import batches_by_length
from training.teach.classifier import TextClassifier
from training.teach.plan import FineTuning
from training.teach.tokens import padded

__all__ = ["Finetuner", "TargetedText"]


@dataclass(frozen=True, slots=True)
class TargetedText:
    """Token ids of a text, and the target probability of each label."""

    ids: list[int]
    targets: tuple[float, ...]


class Finetuner:
    """Fits a classifier to texts; with a saved state, a new one continues where that was saved."""

    def __init__(self, network: TextClassifier, texts: Sequence[TargetedText], options: FineTuning) -> None:
        network.freeze(options.num_frozen_layers)
        self.network = network
        self._texts = texts
        self._options = options
        self._batches = [
            batch
            for epoch in range(options.epochs)
            for batch in batches_by_length(
                [len(text.ids) for text in texts], max_tokens=options.batch_tokens, seed=options.seed + epoch
            )
        ]
        groups = list(network.groups(options.learning_rate, options.layer_decay, options.output_rate))
        self._optimiser = torch.optim.AdamW(groups, weight_decay=options.weight_decay, fused=True)
        self._schedule = LambdaLR(self._optimiser, self._factor)
        self.step = 0

    @property
    def num_steps(self) -> int:
        """How many batches there are in all epochs."""
        return len(self._batches)

    def num_tokens(self, step: int) -> int:
        """Return how many tokens a step reads, without padding."""
        return sum(len(self._texts[index].ids) for index in self._batches[step])

    def run_step(self) -> float:
        """Take the next step; return its loss, in nats."""
        loss = self._add_gradients(self.step)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self._options.clip_norm)
        self._optimiser.step()
        self._optimiser.zero_grad()
        self._schedule.step()
        self.step += 1
        return loss

    def try_step(self, step: int) -> None:
        """Compute a step and change nothing, to learn how long it takes."""
        self._add_gradients(step)
        self._optimiser.zero_grad()

    def state(self) -> dict[str, Any]:
        """Return everything that `restore` needs."""
        return {
            "network": self.network.learned_weights(),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "step": self.step,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        self.network.load_state_dict(state["network"], strict=False)
        self._optimiser.load_state_dict(state["optimiser"])
        self._schedule.load_state_dict(state["schedule"])
        self.step = state["step"]

    def _add_gradients(self, step: int) -> float:
        texts = [self._texts[index] for index in self._batches[step]]
        ids_BT, mask_BT = padded([text.ids for text in texts], self.network.padding_id)
        targets_BL = torch.tensor([text.targets for text in texts])
        with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
            logits_BL = self.network(ids_BT, mask_BT)
        loss = functional.cross_entropy(logits_BL.float(), targets_BL)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return loss.item()

    def _factor(self, step: int) -> float:
        warmup = max(1.0, self._options.warmup_ratio * self.num_steps)
        return min(1.0, (step + 1) / warmup) * max(0.0, 1 - step / self.num_steps)
