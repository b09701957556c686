from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn

from hemascope.errors import ModelError
from hemascope.models import create_model, list_models, register_model
from hemascope.models._registry import Task
from hemascope.models.detectors.retinanet import DenseOutput
from torch_half.small_models import side, small_options, takes_one_size

CLASSES = 3
MODELS = [(task, name) for task in get_args(Task) for name in list_models(task)]
every_model = pytest.mark.parametrize(("task", "name"), MODELS, ids=[name for _, name in MODELS])


def build(task: Task, name: str) -> nn.Module:
    torch.manual_seed(0)
    return create_model(name, task=task, num_classes=CLASSES, **small_options(name)).eval()


def outputs(output: Any) -> list[Tensor]:
    if isinstance(output, DenseOutput):
        dense = [output.class_logits, output.deltas, output.iou_logits]
        return [tensor for tensor in dense if tensor is not None]
    return list(output)


def serve(model: nn.Module, images: Tensor) -> list[Tensor]:
    """What a bundle gives: boxes and scores, or logits and features."""
    with torch.no_grad():
        return list(getattr(model, "predict", model)(images))


def test_every_task_has_a_model() -> None:
    assert {task for task, _ in MODELS} == set(get_args(Task))
    assert list_models() == sorted(name for _, name in MODELS)


@pytest.mark.parametrize("name", list_models("classification"))
def test_classifier_gives_finite_logits_and_features_and_the_same_ones_again(name: str) -> None:
    model, length = build("classification", name), side(name)
    shapes = [(1, length, length)] if takes_one_size(name) else [(1, length, length), (2, length + 1, length + 31)]
    for batch, height, width in shapes:
        images = torch.rand(batch, 3, height, width)
        logits, features = serve(model, images)
        assert logits.shape == (batch, CLASSES)
        assert features.shape == (batch, features.shape[1])
        assert logits.isfinite().all()
        assert features.isfinite().all()
        torch.testing.assert_close(serve(model, images)[0], logits, rtol=0, atol=0)


@pytest.mark.parametrize("name", list_models("detection"))
@pytest.mark.parametrize(("batch", "rows", "columns"), [(1, 1, 1), (2, 1, 3), (1, 3, 2)], ids=["least", "wide", "tall"])
def test_detector_gives_boxes_and_scores_at_any_multiple_of_its_stride(
    name: str, batch: int, rows: int, columns: int
) -> None:
    model: Any = build("detection", name)
    step = max(model.stride, 64)
    assert step % model.stride == 0
    boxes, scores = serve(model, torch.rand(batch, 3, rows * step, columns * step))
    assert boxes.shape == (batch, boxes.shape[1], 4)
    assert scores.shape == (batch, boxes.shape[1], CLASSES)
    assert boxes.isfinite().all()
    assert (boxes[..., 2:] >= boxes[..., :2]).all()
    assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.parametrize("name", list_models("detection"))
def test_detector_says_how_it_is_served(name: str) -> None:
    model: Any = build("detection", name)
    assert isinstance(type(model).needs_nms, bool)
    assert isinstance(type(model).exportable, bool)
    assert isinstance(model.backbone_module(), nn.Module)


# a network with a loss of its own needs fields and boxes to learn from: the tests of its family see to it
@pytest.mark.parametrize(
    ("task", "name"),
    [(task, name) for task, name in MODELS if not hasattr(build(task, name), "training_loss")],
)
def test_a_gradient_reaches_every_parameter(task: Task, name: str) -> None:
    model = build(task, name).train()
    for parameter in model.parameters():
        if parameter.ndim == 1:
            nn.init.uniform_(parameter, 0.5, 1)  # some norms start at zero, which blocks the kernels before them
    first, *rest = outputs(model(torch.rand(2, 3, side(name), side(name))))
    total = first.square().sum() + sum(tensor.square().sum() for tensor in rest)
    total.backward()
    without = [key for key, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert without == []
    # a kernel's gradient must not be zero; a bias before a norm has none by its nature
    assert [key for key, p in model.named_parameters() if p.ndim > 1 and not p.grad.any()] == []  # type: ignore[union-attr]


@every_model
def test_an_image_gives_the_same_alone_and_in_a_batch(task: Task, name: str) -> None:
    model, images = build(task, name), torch.rand(3, 3, side(name), side(name))
    together = serve(model, images)
    alone = [serve(model, images[i : i + 1]) for i in range(3)]
    for k, tensor in enumerate(together):
        atol = 1e-3 if task == "detection" and k == 0 else 1e-5  # boxes are in pixels
        torch.testing.assert_close(torch.cat([single[k] for single in alone]), tensor, rtol=1e-4, atol=atol)


@every_model
def test_weights_make_the_same_network_again(task: Task, name: str) -> None:
    model, twin, images = build(task, name), build(task, name), torch.rand(1, 3, side(name), side(name))
    for parameter in twin.parameters():
        nn.init.normal_(parameter)
    twin.load_state_dict(model.state_dict())
    for a, b in zip(serve(model, images), serve(twin, images), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("retinanet_lite", {}, "no detection model 'retinanet_lite'; known: .*Did you mean 'retinanet_light'?"),
        ("resnet_light", {}, "no detection model 'resnet_light'"),
        ("retinanet_light", {"widht": 8}, "has no option 'widht'; known: width.*Did you mean 'width'?"),
        ("retinanet_light", {"channels": 12}, "cannot be built with the options {'channels': 12}"),
        ("retinanet_light", {"width": "wide"}, "cannot be built with the options"),
    ],
    ids=["misspelt", "other task", "misspelt option", "no multiple of the groups", "text for a number"],
)
def test_model_that_cannot_be_built_is_refused_with_a_hint(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        create_model(name, task="detection", num_classes=3, **options)


def test_second_model_of_one_name_is_refused() -> None:
    def resnet_light(num_classes: int) -> nn.Module:
        return nn.Linear(num_classes, num_classes)

    with pytest.raises(ModelError, match="'resnet_light' is registered already"):
        register_model("classification")(resnet_light)
