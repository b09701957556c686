from django.urls import path

from hemascope.web.dashboard.api.views import DashboardViewSet

urlpatterns = [path("dashboard", DashboardViewSet.as_view({"get": "retrieve"}), name="dashboard")]
