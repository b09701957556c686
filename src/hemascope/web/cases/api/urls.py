from rest_framework.routers import SimpleRouter

from hemascope.web.cases.api.views import CaseViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("cases", CaseViewSet, "case")

urlpatterns = router.urls
