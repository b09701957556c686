from rest_framework.routers import SimpleRouter

from hemascope.web.catalogue.api.views import ActivationViewSet, ActiveModelViewSet, BundleViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("bundles", BundleViewSet, "bundle")
router.register("active-models", ActiveModelViewSet, "active-model")
router.register("activations", ActivationViewSet, "activation")

urlpatterns = router.urls
