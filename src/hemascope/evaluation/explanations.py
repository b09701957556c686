"""Where a network looks: Grad-CAM for convolutions, attention maps where a network gives them."""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional

from hemascope.errors import ModelError


@runtime_checkable
class AttentiveNetwork(Protocol):
    """A network that can show what it attends to."""

    def attention_maps(self, images: Tensor) -> tuple[Tensor, Tensor, int]:
        """Maps `(B, layers, heads, n + 1, n + 1)` with the class token first, the selected patches `(B, heads)` or
        `(B, 0)`, and the side of the grid of `n` patches.
        """
        ...

    def combined_map(self, maps: Tensor) -> Tensor:
        """The maps of all layers as the selection weighs them `(B, heads, n + 1, n + 1)`."""
        ...


def grad_cam(network: nn.Module, images: Tensor, class_ids: Tensor) -> Tensor:
    """What speaks for a class `(B,)` in images `(B, 3, H, W)`: `(B, H, W)` from 0 to 1 (Selvaraju et al. 2017, eq. 2).

    Taken from the last feature map with more than one place. Raises ModelError for a network without convolutions
    behind its first one, such as a transformer on patches.
    """
    if sum(isinstance(module, nn.Conv2d) for module in network.modules()) < 2:
        raise ModelError("Grad-CAM needs a network of convolutions; this one has none behind its patches")
    seen: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and min(output.shape[2:]) > 1:
            seen.append(output)

    hooks = [module.register_forward_hook(keep) for module in network.modules() if _convolves(module)]
    try:
        with torch.enable_grad():
            logits = network(images)[0]
            if not seen:
                raise ModelError(f"images of {tuple(images.shape[2:])} pixels leave no feature map; give larger ones")
            (gradient,) = torch.autograd.grad(logits.gather(1, class_ids[:, None]).sum(), seen[-1])
    finally:
        for hook in hooks:
            hook.remove()
    weights = gradient.mean(dim=(2, 3), keepdim=True)  # eq. 1
    maps = functional.relu((weights * seen[-1]).sum(dim=1, keepdim=True)).detach()
    maps = functional.interpolate(maps, images.shape[2:], mode="bilinear", align_corners=False)[:, 0]
    return _to_one(maps)


def head_maps(network: AttentiveNetwork, images: Tensor) -> tuple[Tensor, Tensor]:
    """How much each head's class token looks at each patch `(B, heads, grid, grid)` from 0 to 1, and the selected
    patches `(B, heads)` or `(B, 0)`.

    All layers, weighed as the selection does; without a selection the last layer.
    """
    maps, selected, grid = network.attention_maps(images)
    whole = network.combined_map(maps) if selected.shape[1] else maps[:, -1]
    looks = whole[:, :, 0, 1:].detach().reshape(*whole.shape[:2], grid, grid)
    return _to_one(looks), selected


def _convolves(module: nn.Module) -> bool:
    return any(isinstance(part, nn.Conv2d) for part in module.modules())


def _to_one(maps: Tensor) -> Tensor:
    """Each map divided by its largest value; a map of zeros stays."""
    return maps / maps.amax(dim=(-2, -1), keepdim=True).clamp_min(1e-12)
