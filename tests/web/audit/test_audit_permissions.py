from hemascope.web.accounts.models import User
from web.audit.builders import make_event
from web.permission_checks import Endpoint, permission_checks


def an_event(_owner: User) -> object:
    return make_event()


TestAudit = permission_checks(
    Endpoint("get", "audit/events", {"administrator"}),
    Endpoint("get", "audit/events/{pk}", {"administrator"}, row=an_event),
    Endpoint("get", "audit/events/export", {"administrator"}),
    Endpoint("get", "audit/events/verification", {"administrator"}),
)
