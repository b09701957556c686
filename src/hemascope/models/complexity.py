"""How large a network is and how much it computes: the figures that stand beside accuracy in every table."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True, slots=True)
class Complexity:
    """Cost of one image; papers call the multiply-adds FLOPs."""

    parameters: int
    macs: int


def measure_complexity(network: nn.Module, height: int, width: int) -> Complexity:
    """Parameters, and multiply-adds of one image of `height` x `width` pixels in evaluation mode.

    Counted are the convolutions and matrix products, as papers do, not norms, activations and pooling. A detector is
    counted up to its boxes and scores. The network runs once where it lies: on the device `meta` nothing is computed
    and the count takes no time, but a network whose work depends on what it sees (proposals) must be measured on real
    memory, and its count holds for grey noise.
    """
    device = next(network.parameters()).device
    image = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0)).to(device)
    run = getattr(network, "predict", network)
    was_training = network.training
    network.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        run(image)
    network.train(was_training)
    return Complexity(sum(p.numel() for p in network.parameters()), counter.get_total_flops() // 2)
