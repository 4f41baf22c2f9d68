"""Low-rank adapters (LoRA, Hu et al. 2021) on the bundled encoder, merged into it at loading.

An adapter file holds for each adapted layer a pair of matrices, ``LAYER.down`` of shape
(RANK, inputs) and ``LAYER.up`` of shape (outputs, RANK), in half precision: about a megabyte.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

RANK = 16
SCALE = 2.0  # of the low-rank product, alpha / rank
ADAPTED = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)  # the linear layers of each block


def adapted_layers(encoder: "nn.Module") -> Mapping[str, "nn.Linear"]:
    """The linear layers that carry an adapter, by name."""
    modules = dict(encoder.named_modules())
    found = {}
    for name, module in modules.items():
        if any(name.endswith(f".{part}") for part in ADAPTED):
            found[name] = module
    return found


def merge(encoder: "nn.Module", weights: Mapping[str, "Tensor"]) -> None:
    """Add the low-rank products to the layers' own weights.

    Raises:
        KeyError: a layer has no adapter in `weights`.
    """
    import torch

    with torch.no_grad():
        for name, layer in adapted_layers(encoder).items():
            down, up = weights[f"{name}.down"].float(), weights[f"{name}.up"].float()
            layer.weight += SCALE * (up @ down)
