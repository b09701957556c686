from web.permission_checks import EVERY_ROLE, Endpoint, permission_checks

TestDashboard = permission_checks(Endpoint("get", "dashboard", EVERY_ROLE))
