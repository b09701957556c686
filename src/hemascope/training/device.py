"""Where a network is trained."""

import torch

from hemascope.errors import ModelError

AUTO = "auto"


def choose_device(name: str) -> str:
    """`auto` is the first CUDA device where there is one, else the processor. Raises ModelError for one that fails."""
    if name == AUTO:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:  # the CPU build of torch asserts
        reason = str(error).splitlines()[0]
        raise ModelError(f"device '{name}' cannot be used: {reason}; choose auto, cpu or a CUDA device") from error
    return name
