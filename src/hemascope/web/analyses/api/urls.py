from typing import Any

from django.urls import path
from rest_framework.routers import SimpleRouter

from hemascope.web.analyses.api.run_views import (
    CaseDetectionRunsViewSet,
    CaseRecognitionRunsViewSet,
    DetectionRunViewSet,
    RecognitionRunViewSet,
)
from hemascope.web.analyses.api.views import CaseFieldsViewSet, CellPictureViewSet, FieldViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("fields", FieldViewSet, "field")
router.register("detection-runs", DetectionRunViewSet, "detection-run")
router.register("recognition-runs", RecognitionRunViewSet, "recognition-run")

_LIST: dict[str, Any] = {"get": "list", "post": "create"}

urlpatterns = [
    path("cases/<int:case_pk>/fields", CaseFieldsViewSet.as_view(_LIST), name="case-fields"),
    path("cases/<int:case_pk>/crops", CaseFieldsViewSet.as_view({"get": "crops"}), name="case-crops"),
    path("cases/<int:case_pk>/detection-runs", CaseDetectionRunsViewSet.as_view(_LIST), name="case-detection-runs"),
    path(
        "cases/<int:case_pk>/recognition-runs", CaseRecognitionRunsViewSet.as_view(_LIST), name="case-recognition-runs"
    ),
    path("cells/<int:pk>/picture", CellPictureViewSet.as_view({"get": "picture"}), name="cell-picture"),
    *router.urls,
]
