from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.ops import box_iou

from hemascope.errors import ModelError
from hemascope.models import create_model, list_models
from hemascope.models.detectors.faster_rcnn import pad_regions
from hemascope.models.detectors.peer import PeerDetector, load_library_weights
from hemascope.models.detectors.yolov3 import YoloV3
from hemascope.models.targets import FieldTarget
from torch_half.small_models import SMALL

CLASSES = 3
PEERS = ["cascade_rcnn", "detr", "faster_rcnn", "fcos", "retinanet_torchvision", "ssd", "yolov3"]
every_peer = pytest.mark.parametrize("name", PEERS)
UNREACHABLE = "network.model.decoder.layers.0.self_attn"  # DETR's queries all start as zeros: nothing to attend to
NO_BOX = FieldTarget(torch.zeros(0, 4), torch.zeros(0, dtype=torch.long))
TWO_BOXES = FieldTarget(torch.tensor([[8.0, 6.0, 40.0, 42.0], [38.0, 30.0, 62.0, 60.0]]), torch.tensor([2, 0]))


def build(name: str) -> PeerDetector:
    torch.manual_seed(0)
    model = create_model(name, task="detection", num_classes=CLASSES, **SMALL[name])
    assert isinstance(model, PeerDetector)
    return model


def field(height: int = 64, width: int = 64) -> Tensor:
    """A grey field with a bright disc in each of the places of `TWO_BOXES`."""
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    image = torch.zeros(3, height, width)
    for channel, (x1, y1, x2, y2) in zip((0, 2), TWO_BOXES.boxes_xyxy.tolist(), strict=True):
        inside = ((x - (x1 + x2) / 2) / (x2 - x1)) ** 2 + ((y - (y1 + y2) / 2) / (y2 - y1)) ** 2 < 0.25
        image[channel, inside] = 2.0
    return image


def test_a_detector_without_a_loss_of_its_own_is_a_retinanet_of_ours() -> None:
    assert set(list_models("detection")) - set(PEERS) == {"retinanet_light", "retinanet_paper"}


@every_peer
@pytest.mark.parametrize(("batch", "height", "width"), [(1, 64, 64), (2, 64, 96)], ids=["square", "wide pair"])
def test_predict_gives_finite_boxes_the_right_way_round_and_scores_from_0_to_1(
    name: str, batch: int, height: int, width: int
) -> None:
    model = build(name).eval()
    assert height % model.stride == width % model.stride == 0
    with torch.no_grad():
        boxes, scores = model.predict(torch.rand(batch, 3, height, width))
    assert boxes.shape == (batch, boxes.shape[1], 4)
    assert scores.shape == (batch, boxes.shape[1], CLASSES)
    assert boxes.isfinite().all()
    assert (boxes[..., 2:] >= boxes[..., :2]).all()
    assert ((scores >= 0) & (scores <= 1)).all()
    assert scores.max() > 0


@every_peer
def test_an_image_gives_the_same_alone_and_in_a_batch(name: str) -> None:
    model, images = build(name).eval(), torch.stack([field(), field().flip(2), torch.rand(3, 64, 64)])
    with torch.no_grad():
        together = model.predict(images)
        alone = [model.predict(images[i : i + 1]) for i in range(3)]
    for k, tensor in enumerate(together):
        torch.testing.assert_close(torch.cat([single[k] for single in alone]), tensor, rtol=1e-3, atol=1e-3)


@every_peer
@pytest.mark.parametrize(
    "targets",
    [[TWO_BOXES, TWO_BOXES], [TWO_BOXES, NO_BOX], [NO_BOX, NO_BOX]],
    ids=["boxes in both", "boxes in one", "no box at all"],
)
@pytest.mark.parametrize("mixed_precision", [False, True], ids=["fp32", "bf16"])
def test_loss_and_gradients_are_finite(name: str, targets: list[FieldTarget], mixed_precision: bool) -> None:
    model = build(name).train()
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed_precision):
        terms = model.training_loss(torch.stack([field(), field()]), targets)
    assert terms["total"].dtype == torch.float32
    assert all(term.isfinite() for term in terms.values())
    assert len(terms) > 1
    terms["total"].backward()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


@every_peer
def test_a_gradient_reaches_every_parameter(name: str) -> None:
    model = build(name).train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)  # some norms start at zero, which blocks the kernels before them
    # one box for each level of the anchors, or the others' heads have nothing to learn
    boxes = torch.tensor([[0.0, 0.0, 32.0, 32.0], [40.0, 40.0, 104.0, 104.0], [0.0, 0.0, 128.0, 128.0]])
    target = FieldTarget(boxes, torch.arange(CLASSES))
    model.training_loss(torch.rand(2, 3, 128, 128), [target, target])["total"].backward()
    without = [key for key, p in model.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())]
    assert [key for key in without if not key.startswith(UNREACHABLE)] == []


def train_on_one_field(model: PeerDetector, steps: int, lr: float) -> list[float]:
    images, optimiser, losses = torch.stack([field(), field()]), torch.optim.AdamW(model.parameters(), lr=lr), []
    for _ in range(steps):
        loss = model.train().training_loss(images, [TWO_BOXES, TWO_BOXES])["total"]
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("name", [name for name in PEERS if name != "detr"])
def test_finds_the_cells_of_a_field_that_it_has_learnt(name: str) -> None:
    model = build(name)
    train_on_one_field(model, steps=60 if name == "cascade_rcnn" else 40, lr=3e-3)
    with torch.no_grad():
        boxes, scores = model.eval().predict(field()[None])
    best = boxes[0, scores[0, :, TWO_BOXES.class_ids].argmax(dim=0)]
    assert box_iou(best, TWO_BOXES.boxes_xyxy).diag().min() > 0.5


def test_loss_of_detr_falls_on_one_field() -> None:
    losses = train_on_one_field(build("detr"), steps=20, lr=1e-2)  # it would take hundreds of steps to find the cells
    assert sum(losses[-3:]) < 0.8 * sum(losses[:3])


@every_peer
def test_its_backbone_can_be_started_from_given_weights(name: str) -> None:
    model = build(name)
    start = {key: torch.full_like(value, 0.5) for key, value in model.backbone_module().state_dict().items()}
    model.backbone_module().load_state_dict(start)
    inside = {key: p for key, p in model.named_parameters() if (p == 0.5).all()}
    assert len(inside) >= len(list(model.backbone_module().parameters())) > 0


@every_peer
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backbone": "medium"}, "backbone is 'medium'; choose one of: light, paper"),
        ({"pretrained": True}, "no pretrained weights of backbone 'light'"),
        ({"width": "wide"}, "cannot be built with the options"),
        ({"widht": 8}, "Did you mean 'width'?"),
    ],
    ids=["unknown size", "pretrained light", "text for a number", "misspelt"],
)
def test_a_wrong_option_is_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message.replace("?", r"\?")):
        create_model(name, task="detection", num_classes=CLASSES, **options)


def test_regions_are_padded_with_zeros_to_one_length() -> None:
    padded = pad_regions(torch.tensor([[1.0], [2.0], [3.0]]), counts=[2, 0, 1], limit=3)
    assert padded.squeeze(-1).tolist() == [[1, 2, 0], [0, 0, 0], [3, 0, 0]]


@pytest.mark.parametrize(
    ("box", "level", "cell", "anchor"),
    [
        ([8.0, 8.0, 32.0, 32.0], 0, (2, 2), 0),  # 24 pixels wide
        ([100.0, 4.0, 148.0, 52.0], 1, (7, 1), 0),  # 48
        ([20.0, 20.0, 140.0, 140.0], 2, (2, 2), 1),  # 120
        ([130.0, 0.0, 160.0, 30.0], 0, (18, 1), 1),  # 30, its centre 145, 15
    ],
)
def test_yolo_makes_one_anchor_responsible_by_shape_and_centre(
    box: list[float], level: int, cell: tuple[int, int], anchor: int
) -> None:
    model = build("yolov3").train()
    assert isinstance(model, YoloV3)
    side = 160
    _, places = model._outputs(torch.zeros(2, 3, side, side))
    before = sum((side // stride) ** 2 * 3 for stride in model.strides[:level])
    row = cell[1] * (side // model.strides[level]) + cell[0]
    assert model._responsible(torch.tensor([box]), places).tolist() == [before + 3 * row + anchor]


def test_yolo_leaves_out_good_anchors_that_are_not_the_best() -> None:
    model = build("yolov3").train()
    images, cell = torch.zeros(2, 3, 64, 64), FieldTarget(torch.tensor([[16.0, 16.0, 40.0, 40.0]]), torch.tensor([1]))
    empty, full = (model.training_loss(images, [target] * 2)["objectness"] for target in (NO_BOX, cell))
    # without the rule the best anchor alone would change, -log(0.99) for -log(0.01): 4.595
    assert full - empty / 2 < 4.59


class PublishedWeights:
    def __init__(self, state: dict[str, Tensor] | OSError) -> None:
        self.state = state

    def get_state_dict(self, **_: Any) -> dict[str, Tensor]:
        if isinstance(self.state, OSError):
            raise self.state
        return self.state


def test_library_weights_fill_all_but_the_heads_of_other_classes() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4))
    head = network[1].weight.clone()
    published = {"0.weight": torch.ones(3, 2), "0.bias": torch.ones(3), "1.weight": torch.ones(91, 3)}
    load_library_weights(network, PublishedWeights(published))
    assert (network[0].weight == 1).all()
    torch.testing.assert_close(network[1].weight, head)


def test_library_weights_out_of_reach_name_the_option() -> None:
    with pytest.raises(ModelError, match="pretrained: false"):
        load_library_weights(nn.Linear(1, 1), PublishedWeights(OSError("no route to host")))
