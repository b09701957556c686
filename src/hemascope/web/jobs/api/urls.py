from rest_framework.routers import SimpleRouter

from hemascope.web.jobs.api.views import JobViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("jobs", JobViewSet, "job")

urlpatterns = router.urls
