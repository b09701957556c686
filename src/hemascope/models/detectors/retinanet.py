"""RetinaNet (Lin et al. 2017), improved: path aggregation (thesis section 4.2.1) and an IoU branch (4.2.2)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hemascope.errors import ModelError
from hemascope.models.layers.anchors import anchor_sizes, decode_boxes, grid_anchors
from hemascope.models.layers.box_refinement import BoxRefinement, DetailMap, SecondLook
from hemascope.models.layers.fpn import FeaturePyramid
from hemascope.models.layers.path_aggregation import GlobalAttentionPath

_PRIOR = 0.01  # class probability of every anchor at the start, so that focal loss is stable (Lin et al., section 4.1)


@dataclass(frozen=True, slots=True)
class DenseOutput:
    """Raw predictions for every anchor: A anchors over all levels, finest level first."""

    class_logits: Tensor  # (B, A, classes)
    deltas: Tensor  # (B, A, 4)
    iou_logits: Tensor | None  # (B, A); None without the IoU branch
    anchors_xyxy: Tensor  # (A, 4) network pixels
    anchors_per_level: tuple[int, ...]
    second_look: SecondLook | None = None  # None without refinements

    def boxes(self) -> Tensor:
        """Decoded boxes `(B, A, 4)` xyxy in float32, before any second look."""
        return decode_boxes(self.deltas.float(), self.anchors_xyxy.float())


class _Tower(nn.Sequential):
    """`depth` times 3x3 convolution, group norm where wanted, ReLU; shared by all levels, hence no batch statistics.

    With group norm `channels` must be a multiple of 8, the number of groups.
    """

    def __init__(self, channels: int, depth: int, group_norm: bool) -> None:
        layers: list[nn.Module] = []
        for _ in range(depth):
            convolution = nn.Conv2d(channels, channels, 3, padding=1, bias=not group_norm)
            if group_norm:
                layers += [convolution, nn.GroupNorm(8, channels), nn.ReLU(inplace=True)]
            else:
                _start_small(convolution)
                layers += [convolution, nn.ReLU(inplace=True)]
        super().__init__(*layers)


class RetinaNet(nn.Module):
    """Anchors on the levels of a feature pyramid, shared class and box towers, one IoU logit an anchor.

    Input `(B, 3, H, W)` normalised, H and W multiples of `stride`. Calling the module gives `DenseOutput`;
    `predict` gives boxes and scores as the bundle contract wants them.

    `extra_levels` come below the backbone's. `path_aggregation` puts GA-PAN over all levels; where `recompute_extra`,
    over the backbone's alone, and makes the extra ones from its last. Without `iou_branch` the score is the class
    probability p; with it `p^(1-a) * iou^a`, a = `score_iou_power` from 0 (p alone) to 1 (IoU alone); the thesis takes
    the root of the product, a = 0.5. `refinements` is the number of times that the `refined_boxes` best boxes of an
    image are looked at again, see `BoxRefinement`, and then `predict` gives these alone; the thesis has no refinement.
    With refinements the backbone gives one map more, first, of half the finest stride and `detail_channels`.
    """

    needs_nms = True
    exportable = True

    def __init__(
        self,
        num_classes: int,
        backbone: nn.Module,
        *,
        backbone_channels: Sequence[int],
        backbone_strides: Sequence[int],
        channels: int,
        tower_depth: int,
        tower_group_norm: bool,
        extra_levels: int,
        scales: Sequence[float],
        ratios: Sequence[float],
        anchor_base: float,
        path_aggregation: bool,
        recompute_extra: bool,
        iou_branch: bool,
        score_iou_power: float,
        refinements: int = 0,
        refined_boxes: int = 400,
        detail_channels: int = 0,
    ) -> None:
        super().__init__()
        if not 0 <= score_iou_power <= 1:
            raise ModelError(f"score_iou_power is {score_iou_power}; choose a number from 0 to 1")
        self.num_classes = num_classes
        self.backbone = backbone
        recomputed = extra_levels if path_aggregation and recompute_extra else 0
        self.pyramid = FeaturePyramid(backbone_channels, channels, extra_levels - recomputed)
        self.score_iou_power = score_iou_power
        self.strides = [*backbone_strides, *(backbone_strides[-1] * 2 ** (i + 1) for i in range(extra_levels))]
        self.stride = backbone_strides[-1]  # the pyramid doubles up to here; coarser levels round their sides up
        self.anchor_sizes = [anchor_sizes(anchor_base * stride, scales, ratios) for stride in self.strides]
        anchors = len(scales) * len(ratios)
        self.class_tower = _Tower(channels, tower_depth, tower_group_norm)
        self.box_tower = _Tower(channels, tower_depth, tower_group_norm)
        self.class_head = nn.Conv2d(channels, anchors * num_classes, 3, padding=1)
        self.box_head = nn.Conv2d(channels, anchors * 4, 3, padding=1)
        self.iou_head = nn.Conv2d(channels, anchors, 3, padding=1) if iou_branch else None
        for head in filter(None, (self.class_head, self.box_head, self.iou_head)):
            _start_small(head)
        nn.init.constant_(self.class_head.bias, -math.log((1 - _PRIOR) / _PRIOR))  # type: ignore[arg-type]
        self.aggregation = (
            GlobalAttentionPath(channels, len(self.strides) - recomputed, recomputed) if path_aggregation else None
        )
        self.refinements = nn.ModuleList(BoxRefinement(DetailMap.channels, channels) for _ in range(refinements))
        self.refined_boxes = refined_boxes
        self.detail = DetailMap(detail_channels, channels) if refinements else None

    def backbone_module(self) -> nn.Module:
        """The feature extractor, whose weights may come from a network of another task."""
        return self.backbone

    def forward(self, images: Tensor) -> DenseOutput:
        maps = list(self.backbone(images))
        finer = None if self.detail is None else maps.pop(0)
        levels = self.pyramid(maps)
        if self.aggregation is not None:
            levels = self.aggregation(levels)
        logits, deltas, ious, anchors = [], [], [], []
        box_features = [self.box_tower(feature) for feature in levels]
        for feature, box_feature, stride, sizes in zip(
            levels, box_features, self.strides, self.anchor_sizes, strict=True
        ):
            logits.append(_per_anchor(self.class_head(self.class_tower(feature)), self.num_classes))
            deltas.append(_per_anchor(self.box_head(box_feature), 4))
            if self.iou_head is not None:
                ious.append(_per_anchor(self.iou_head(box_feature), 1).squeeze(-1))
            anchors.append(grid_anchors(feature, stride, sizes))
        return DenseOutput(
            torch.cat(logits, dim=1),
            torch.cat(deltas, dim=1),
            torch.cat(ious, dim=1) if ious else None,
            torch.cat(anchors),
            tuple(len(a) for a in anchors),
            None
            if self.detail is None
            else SecondLook(self.refinements, self.detail(finer, box_features[0]), self.strides[0] // 2),
        )

    def predict(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Boxes `(B, A, 4)` xyxy in network pixels and scores `(B, A, classes)` from 0 to 1."""
        output = self(images)
        boxes, probabilities, ious = output.boxes(), output.class_logits.sigmoid(), output.iou_logits
        if output.second_look is not None:
            best = self._scores(probabilities, ious).amax(dim=-1).argsort(dim=1, descending=True)
            best = best[:, : self.refined_boxes].sort(dim=1).values  # in the order of the anchors, whatever ties
            boxes, probabilities = _rows(boxes, best), _rows(probabilities, best)
            image = torch.arange(best.shape[0], device=best.device)[:, None].expand_as(best)
            stages, gain = output.second_look(boxes.flatten(0, 1), image.flatten())
            boxes = stages[-1].unflatten(0, best.shape)
            ious = None if ious is None else ious.gather(1, best) + gain.unflatten(0, best.shape)
        return boxes, self._scores(probabilities, ious)

    def _scores(self, probabilities: Tensor, iou_logits: Tensor | None) -> Tensor:
        if iou_logits is None:
            return probabilities
        power = self.score_iou_power
        return probabilities ** (1 - power) * iou_logits.sigmoid()[..., None] ** power


def _start_small(convolution: nn.Conv2d) -> None:
    """First weights of Lin et al., section 4.1."""
    nn.init.normal_(convolution.weight, std=0.01)
    nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]  # only convolutions with a bias come here


def _rows(values: Tensor, rows: Tensor) -> Tensor:
    """Of values `(B, A, n)` the rows `(B, K)` of each image."""
    return values.gather(1, rows[..., None].expand(-1, -1, values.shape[-1]))


def _per_anchor(head: Tensor, values: int) -> Tensor:
    """`(B, anchors * values, H, W)` to `(B, H * W * anchors, values)`, the order of `grid_anchors`."""
    return torch.unflatten(head.permute(0, 2, 3, 1).flatten(1), 1, (-1, values))
