"""Headers that Django does not set by itself."""

from django.http import HttpRequest, HttpResponse

from hemascope.web.http.request_context import Answer

# Everything comes from our own server. Styles may be inline: the component library and the chart library write them.
# `blob:` is for pictures that the viewer cuts out itself.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


def security_headers(answer: Answer) -> Answer:
    """Middleware."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        response.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        if request.path.startswith("/api/"):
            response.setdefault("Cache-Control", "no-store")  # patients' data stays out of shared browsers' caches
        return response

    return middleware
