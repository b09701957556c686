from django.urls import path
from rest_framework.routers import SimpleRouter

from hemascope.web.reports.api.case_views import CaseReportViewSet
from hemascope.web.reports.api.views import LabSettingsViewSet, ReportViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("reports", ReportViewSet, "report")

urlpatterns = [
    path("cases/<int:case_pk>/analysis", CaseReportViewSet.as_view({"get": "analysis"}), name="case-analysis"),
    path("cases/<int:case_pk>/draft", CaseReportViewSet.as_view({"get": "draft"}), name="case-draft"),
    path("cases/<int:case_pk>/sign", CaseReportViewSet.as_view({"post": "sign"}), name="case-sign"),
    path("cases/<int:case_pk>/amend", CaseReportViewSet.as_view({"post": "amend"}), name="case-amend"),
    path("cases/<int:case_pk>/reopen", CaseReportViewSet.as_view({"post": "reopen"}), name="case-reopen"),
    path(
        "lab-settings",
        LabSettingsViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="lab-settings",
    ),
    *router.urls,
]
