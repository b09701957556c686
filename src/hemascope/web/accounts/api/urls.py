from django.urls import path
from rest_framework.parsers import MultiPartParser
from rest_framework.routers import SimpleRouter

from hemascope.web.accounts.api.profile_views import ApiTokenViewSet, ProfileViewSet
from hemascope.web.accounts.api.session_views import CaptchaViewSet, RegistrationViewSet, SessionViewSet
from hemascope.web.accounts.api.user_views import DepartmentViewSet, UserViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("users", UserViewSet, "user")
router.register("departments", DepartmentViewSet, "department")
router.register("me/tokens", ApiTokenViewSet, "token")
router.register("captchas", CaptchaViewSet, "captcha")
router.register("registrations", RegistrationViewSet, "registration")

urlpatterns = [
    path("session", SessionViewSet.as_view({"get": "retrieve", "post": "create", "delete": "destroy"}), name="session"),
    path("me", ProfileViewSet.as_view({"get": "retrieve", "patch": "partial_update"}), name="profile"),
    path("me/password", ProfileViewSet.as_view({"put": "set_password"}), name="profile-password"),
    path(
        "me/avatar",
        ProfileViewSet.as_view({"put": "set_avatar"}, parser_classes=[MultiPartParser]),
        name="profile-avatar",
    ),
    *router.urls,
]
