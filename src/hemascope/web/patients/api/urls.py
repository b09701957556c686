from django.urls import path
from rest_framework.routers import SimpleRouter

from hemascope.web.patients.api.file_views import PatientExportViewSet, PatientImportViewSet
from hemascope.web.patients.api.views import PatientViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("patients", PatientViewSet, "patient")

urlpatterns = [
    path("patients/export", PatientExportViewSet.as_view({"get": "export"}), name="patient-export"),
    path("patients/import", PatientImportViewSet.as_view({"post": "create"}), name="patient-import"),
    *router.urls,
]
