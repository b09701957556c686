"""The one way a network fetches pretrained weights: through its library's own loader, with one clear error."""

from collections.abc import Iterator
from contextlib import contextmanager

from hemascope.errors import ModelError

PRETRAINED = "pretrained"  # option of the builders that fetch weights; of no use where a checkpoint follows


@contextmanager
def reach_hub() -> Iterator[None]:
    """Around a loader of timm, torchvision or transformers: raises ModelError where it cannot give the weights.

    All three raise OSError without a network (timm's hub tries for the better part of a minute first), and timm and
    torchvision RuntimeError for a download that is damaged or weights that no one has published.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ModelError(
            f"the pretrained weights cannot be fetched ({reason}); connect this machine to the network, "
            "or start without them: pretrained: false in the recipe's model options"
        ) from error
