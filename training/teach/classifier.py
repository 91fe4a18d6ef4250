"""A pretrained encoder in a Hugging Face folder, with a linear layer that predicts labels.

Shapes: B texts in the batch, T tokens, D features of the encoder, L labels.
"""

from collections.abc import Iterator
from pathlib import Path

from torch import Tensor, nn
from transformers import AutoModel

from training.errors import InvalidTransformer

__all__ = ["TextClassifier", "load_classifier"]


class TextClassifier(nn.Module):
    """An encoder, the mean of its states over a text's tokens, and a linear layer."""

    def __init__(self, encoder: nn.Module, *, num_features: int, num_labels: int, padding_id: int) -> None:
        super().__init__()
        self.padding_id = padding_id
        self.encoder = encoder
        self.output = nn.Linear(num_features, num_labels)
        nn.init.normal_(self.output.weight, std=0.02)
        nn.init.zeros_(self.output.bias)

    def forward(self, ids_BT: Tensor, mask_BT: Tensor) -> Tensor:
        """Return logits [B, L]."""
        states_BTD = self.encoder(input_ids=ids_BT, attention_mask=mask_BT).last_hidden_state
        mask_BT1 = mask_BT.unsqueeze(-1).to(states_BTD.dtype)
        mean_BD = (states_BTD * mask_BT1).sum(1) / mask_BT1.sum(1)
        logits_BL: Tensor = self.output(mean_BD)
        return logits_BL

    @property
    def layers(self) -> list[nn.Module]:
        """The layers of the encoder, the lowest first: the longest list of modules in it."""
        lists = [module for module in self.encoder.modules() if isinstance(module, nn.ModuleList)]
        return max((list(each) for each in lists), key=len)

    def freeze(self, num_layers: int) -> None:
        """Exclude the encoder from learning, except its layers above the lowest `num_layers`."""
        self.encoder.requires_grad_(False)
        for layer in self.layers[num_layers:]:
            layer.requires_grad_(True)

    def groups(
        self, learning_rate: float, layer_decay: float, output_rate: float
    ) -> Iterator[dict[str, object]]:
        """Yield groups of the weights that learn; a layer has `layer_decay` times the rate of that above."""
        yield {"params": list(self.output.parameters()), "lr": output_rate}
        for depth, layer in enumerate(reversed(self.layers)):
            if weights := [weight for weight in layer.parameters() if weight.requires_grad]:
                yield {"params": weights, "lr": learning_rate * layer_decay**depth}

    def learned_weights(self) -> dict[str, Tensor]:
        """Return the weights that fine-tuning changes, by name."""
        return {name: weight.detach() for name, weight in self.named_parameters() if weight.requires_grad}


def load_classifier(folder: Path, *, num_labels: int) -> TextClassifier:
    """Return the encoder in a folder under a new linear layer; raises InvalidTransformer.

    It is in evaluation mode, for fine-tuning as well: on a CPU, the random numbers of dropout cost a quarter
    of a step, and one pass over the data needs no dropout.
    """
    try:
        encoder = AutoModel.from_pretrained(folder, local_files_only=True).float()
        config = encoder.config
        network = TextClassifier(
            encoder,
            num_features=int(config.hidden_size),
            num_labels=num_labels,
            padding_id=int(config.pad_token_id or 0),
        )
        network.freeze(len(network.layers))
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise InvalidTransformer(f"{folder}: no encoder that this can use: {error}") from error
    return network.eval()
