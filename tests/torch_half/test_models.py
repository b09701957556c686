from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn

from hemascope.errors import ModelError
from hemascope.models import create_model, list_models, register_model
from hemascope.models._registry import Task
from hemascope.models.detectors.retinanet import DenseOutput

# options that make a registered network small; one that is not listed is built with its defaults
SMALL: dict[str, dict[str, Any]] = {
    "retinanet_light": {"width": 8, "blocks": (1, 1, 1, 1), "channels": 16, "tower_depth": 1},
    "resnet_light": {"width": 8},
}
CLASSES = 3
MODELS = [(task, name) for task in get_args(Task) for name in list_models(task)]
every_model = pytest.mark.parametrize(("task", "name"), MODELS, ids=[name for _, name in MODELS])


def build(task: Task, name: str) -> nn.Module:
    torch.manual_seed(0)
    return create_model(name, task=task, num_classes=CLASSES, **SMALL.get(name, {})).eval()


def outputs(output: Any) -> list[Tensor]:
    if isinstance(output, DenseOutput):
        return [output.class_logits, output.deltas, output.iou_logits]
    return list(output)


def test_every_task_has_a_model() -> None:
    assert {task for task, _ in MODELS} == set(get_args(Task))
    assert list_models() == sorted(name for _, name in MODELS)


@every_model
@pytest.mark.parametrize(("batch", "height", "width"), [(1, 64, 64), (2, 32, 96)], ids=["square", "wide pair"])
def test_outputs_are_finite_and_have_the_promised_shape(
    task: Task, name: str, batch: int, height: int, width: int
) -> None:
    model = build(task, name)
    with torch.no_grad():
        output = model(torch.rand(batch, 3, height, width))
    assert all(tensor.isfinite().all() for tensor in outputs(output))
    if task == "classification":
        logits, features = output
        assert logits.shape == (batch, CLASSES)
        assert features.shape[0] == batch
    else:
        anchors = len(output.anchors_xyxy)
        assert output.class_logits.shape == (batch, anchors, CLASSES)
        assert output.deltas.shape == (batch, anchors, 4)
        assert output.iou_logits.shape == (batch, anchors)
        assert sum(output.anchors_per_level) == anchors


@every_model
def test_a_gradient_reaches_every_parameter(task: Task, name: str) -> None:
    model = build(task, name).train()
    for parameter in model.parameters():
        if parameter.ndim == 1:
            nn.init.uniform_(parameter, 0.5, 1)  # some norms start at zero, which blocks the kernels before them
    first, *rest = outputs(model(torch.rand(2, 3, 64, 64)))
    total = first.square().sum() + sum(tensor.square().sum() for tensor in rest)
    total.backward()
    without = [key for key, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert without == []
    # a kernel's gradient must not be zero; a bias before a norm has none by its nature
    assert [key for key, p in model.named_parameters() if p.ndim > 1 and not p.grad.any()] == []  # type: ignore[union-attr]


@every_model
def test_an_image_gives_the_same_alone_and_in_a_batch(task: Task, name: str) -> None:
    model, images = build(task, name), torch.rand(3, 3, 64, 64)
    with torch.no_grad():
        together = outputs(model(images))
        alone = [outputs(model(images[i : i + 1])) for i in range(3)]
    for k, tensor in enumerate(together):
        torch.testing.assert_close(torch.cat([single[k] for single in alone]), tensor, rtol=1e-4, atol=1e-5)


@every_model
def test_weights_make_the_same_network_again(task: Task, name: str) -> None:
    model, twin, images = build(task, name), build(task, name), torch.rand(1, 3, 64, 64)
    for parameter in twin.parameters():
        nn.init.normal_(parameter)
    twin.load_state_dict(model.state_dict())
    with torch.no_grad():
        for a, b in zip(outputs(model(images)), outputs(twin(images)), strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=0)


@pytest.mark.parametrize("name", list_models("detection"))
def test_detector_predicts_boxes_the_right_way_round_and_scores_from_0_to_1(name: str) -> None:
    model = build("detection", name)
    with torch.no_grad():
        boxes, scores = model.predict(torch.rand(2, 3, 64, 96))  # type: ignore[operator]
    assert boxes.shape[:2] == scores.shape[:2]
    assert (boxes[..., 2:] > boxes[..., :2]).all()
    assert ((scores >= 0) & (scores <= 1)).all()
    assert scores.max() < 0.2, "focal loss wants a network that sees nothing at first"


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
