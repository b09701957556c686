"""What the detectors of other papers have in common: measured beside ours on the same data, each with its own loss."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal, get_args

from torch import Tensor, nn
from torchvision.models.detection.image_list import ImageList

from hemascope.errors import ModelError
from hemascope.models._pretrained import reach_hub
from hemascope.models.targets import FieldTarget

Size = Literal["light", "paper"]


class PeerDetector(nn.Module, ABC):
    """A detector that brings its own loss; input `(B, 3, H, W)` normalised, H and W multiples of `stride`.

    Calling the module is calling `predict`.
    """

    stride: int
    needs_nms = True
    exportable = False

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return self.predict(images)

    @abstractmethod
    def predict(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Boxes `(B, N, 4)` xyxy in network pixels and scores `(B, N, classes)` from 0 to 1, in evaluation mode."""

    @abstractmethod
    def training_loss(self, images: Tensor, targets: list[FieldTarget]) -> dict[str, Tensor]:
        """Terms by name and their weighted sum `total`, in training mode; images without boxes are welcome."""

    @abstractmethod
    def backbone_module(self) -> nn.Module:
        """The part that a study may start from given weights."""


class InFloat32(nn.Module):
    """Passes on what `module` gives, each tensor in float32: losses and box coding lose pixels in bfloat16."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Any) -> Any:
        return _to_float32(self.module(*inputs))


def _to_float32(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.float()
    if isinstance(value, Mapping):
        return {key: _to_float32(item) for key, item in value.items()}
    return [_to_float32(item) for item in value]


def with_total(terms: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The terms with their plain sum as `total`."""
    return {**terms, "total": sum(terms.values(), start=next(iter(terms.values())).new_zeros(()))}


def library_images(images: Tensor) -> ImageList:
    """A batch of one size as torchvision's detectors take it, past their own resizing and normalisation."""
    return ImageList(images, [tuple(images.shape[-2:])] * len(images))


def library_targets(targets: list[FieldTarget], first_class: int) -> list[dict[str, Tensor]]:
    """Targets as torchvision's detectors take them; `first_class` is 1 where id 0 means background."""
    return [{"boxes": target.boxes_xyxy, "labels": target.class_ids + first_class} for target in targets]


def load_library_weights(network: nn.Module, weights: Any) -> None:
    """Take torchvision's COCO weights into every tensor of the same name and shape: all but the class heads."""
    with reach_hub():
        state = weights.get_state_dict(progress=False, check_hash=True)
    own = network.state_dict()
    fitting = {key: value for key, value in state.items() if key in own and own[key].shape == value.shape}
    network.load_state_dict(fitting, strict=False)


def check_size(size: str, pretrained: bool) -> None:
    """ModelError for an unknown size and for pretrained weights of a light network, which do not exist."""
    if size not in get_args(Size):
        raise ModelError(f"backbone is '{size}'; choose one of: {', '.join(get_args(Size))}")
    if pretrained and size == "light":
        raise ModelError("there are no pretrained weights of backbone 'light'; leave pretrained out, or choose 'paper'")
