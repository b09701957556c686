"""What only classifiers have: augmentation of cells, losses."""

from typing import Literal

from hemascope.training.recipe.values import Fraction, Frozen, NotNegative, Range


class ClassificationAugmentation(Frozen):
    """A turn by quarters and a mirror always happen; all else can be switched off."""

    context: Range = (1.2, 2.0)
    """side of the crop relative to the box, where the box is known"""
    zoom: Range = (0.6, 1.0)
    """side of the central crop relative to the image, where it is not"""
    whole_image: Fraction = 0.5
    """share of samples cut without looking at the box"""
    shift: Fraction = 0.06
    """largest shift of the crop's centre relative to its side"""
    rotation: bool = True
    """turn by any angle, besides the eight turns and mirrors"""
    colour: NotNegative = 1.0
    """strength of colour and light changes; 0 switches them off"""
    stain: NotNegative = 0.0
    """strength of changes of the stains' densities, 1 is usual; 0 switches them off"""
    noise: NotNegative = 0.0
    """largest standard deviation of Gaussian noise, in grey values of 255"""
    blur: Fraction = 0.1
    """share of samples blurred a little"""
    detail: Range = (1.0, 1.0)
    """sharpness relative to the network's input, as of a smaller picture that is enlarged; (1, 1) keeps it"""
    mixup: NotNegative = 0.0
    """alpha of the Beta distribution that blends two samples; 0 switches it off"""
    label_smoothing: Fraction = 0.1
    """share of the target spread over all classes"""


class ClassificationLoss(Frozen):
    """A loss of the logits, and two of the features that may be added."""

    kind: Literal["cross_entropy", "poly_focal"] = "cross_entropy"
    """cross-entropy, or PolyFocal, whose class weights come from the training frequencies (mean 1)"""
    gamma: NotNegative = 2.0
    """poly_focal: how much less a cell counts that is known already"""
    contrastive_weight: NotNegative = 0.0
    """weight of the contrastive loss over all pairs of the batch"""
    contrastive_margin: Fraction = 0.4
    """cosine up to which features of two classes are far enough apart"""
    centre_triplet_weight: NotNegative = 0.0
    """weight of the hard-mining centre-triplet loss"""
    centre_triplet_margin: NotNegative = 1.0
    """how much nearer a cell's own class centre should be than the nearest cell of another class"""

    @property
    def is_of_logits_alone(self) -> bool:
        """Cross-entropy and nothing of the features."""
        return self.kind == "cross_entropy" and self.contrastive_weight == 0 and self.centre_triplet_weight == 0
