"""How often one caller may ask. Sign-in and registration have `throttle_scope = "credentials"` besides."""

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView  # DRF itself imports this module while it loads its views


class PersonThrottle(SimpleRateThrottle):
    """By user, or by address where nobody is signed in, with the rates `person` and `nobody`."""

    scope = "person"

    def get_cache_key(self, request: Request, _view: "APIView") -> str:
        if request.user.is_authenticated:
            return self.cache_format % {"scope": self.scope, "ident": request.user.pk}
        self.rate = self.THROTTLE_RATES["nobody"]
        self.num_requests, self.duration = self.parse_rate(self.rate)
        return self.cache_format % {"scope": "nobody", "ident": self.get_ident(request)}


class PictureThrottle(PersonThrottle):
    """For small pictures: a gallery asks for hundreds of them, which must not use up what its reader's changes need."""

    scope = "picture"
