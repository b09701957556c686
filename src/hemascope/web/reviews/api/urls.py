from django.urls import path
from rest_framework.routers import SimpleRouter

from hemascope.web.reviews.api.case_views import CaseReviewViewSet
from hemascope.web.reviews.api.cell_views import DrawnCellViewSet, ReviewCellViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("reviews/cells", ReviewCellViewSet, "review-cell")

_CASE = "reviews/cases/<int:case_pk>"

urlpatterns = [
    path(f"{_CASE}/steps", CaseReviewViewSet.as_view({"get": "list"}), name="review-steps"),
    path(f"{_CASE}/progress", CaseReviewViewSet.as_view({"get": "progress"}), name="review-progress"),
    path(f"{_CASE}/changes", CaseReviewViewSet.as_view({"get": "changes"}), name="review-changes"),
    path(f"{_CASE}/references", CaseReviewViewSet.as_view({"get": "references"}), name="review-references"),
    path(f"{_CASE}/undo", CaseReviewViewSet.as_view({"post": "undo"}), name="review-undo"),
    path(f"{_CASE}/redo", CaseReviewViewSet.as_view({"post": "redo"}), name="review-redo"),
    path("reviews/fields/<int:pk>/cells", DrawnCellViewSet.as_view({"post": "create"}), name="review-draw"),
    *router.urls,
]
