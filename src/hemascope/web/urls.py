"""Every address of the server; each app brings its own."""

from captcha.views import captcha_image
from django.urls import URLPattern, URLResolver, include, path, register_converter
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

from hemascope.web.monitoring import health, metrics, readiness
from hemascope.web.single_page import PageConverter, single_page

register_converter(PageConverter, "page")

handler400 = "hemascope.web.api.errors.bad_request"
handler404 = "hemascope.web.api.errors.not_found"
handler500 = "hemascope.web.api.errors.server_error"

_API: list[URLPattern | URLResolver] = [
    path("", include("hemascope.web.accounts.api.urls")),
    path("", include("hemascope.web.audit.api.urls")),
    path("", include("hemascope.web.patients.api.urls")),
    path("", include("hemascope.web.cases.api.urls")),
    path("", include("hemascope.web.jobs.api.urls")),
    path("", include("hemascope.web.catalogue.api.urls")),
    path("", include("hemascope.web.analyses.api.urls")),
    path("", include("hemascope.web.reviews.api.urls")),
    path("", include("hemascope.web.reports.api.urls")),
    path("", include("hemascope.web.dashboard.api.urls")),
    path("schema", SpectacularAPIView.as_view(permission_classes=[AllowAny]), name="schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(permission_classes=[AllowAny], url_name="schema"), name="docs"),
]

urlpatterns = [
    path("api/v1/", include(_API)),
    path("captcha/<slug:key>", captcha_image, {"scale": 1}, name="captcha-image"),
    path("healthz", health),
    path("readyz", readiness),
    path("metrics", metrics),
    path("<page:address>", single_page),
]
