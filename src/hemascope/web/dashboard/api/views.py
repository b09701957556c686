from datetime import UTC, datetime, time

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from hemascope.web.api.roles import Right
from hemascope.web.api.views import RightsViewSet
from hemascope.web.cases.models import Case
from hemascope.web.dashboard.api.serializers import DashboardSerializer, DayQuerySerializer
from hemascope.web.dashboard.selectors import dashboard


class DashboardViewSet(RightsViewSet[Case]):
    rights = {"retrieve": Right.CASES_READ}
    serializer_class = DashboardSerializer

    @extend_schema(parameters=[DayQuerySerializer])
    def retrieve(self, request: Request) -> Response:
        """Cases, the day's work, models in use, the queue, and what is wrong: of what the person may see."""
        asked = DayQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        since = asked.validated_data.get("since") or datetime.combine(datetime.now(UTC), time.min, UTC)
        return Response(DashboardSerializer(dashboard(self.person, since=since)).data)
