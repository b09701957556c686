from hemascope.web.accounts.models import ApiToken, User
from web.accounts.builders import make_token
from web.builders import PASSWORD, make_department, make_user
from web.permission_checks import EVERY_ROLE, Endpoint, permission_checks

ADMINISTRATOR = {"administrator"}
NEW_USER = {"username": "new", "password": PASSWORD, "email": "new@lab.test", "role": "doctor"}
PASSWORDS = {"old_password": PASSWORD, "new_password": "another horse battery"}


def a_department(_owner: User) -> object:
    return make_department()


def an_applicant(_owner: User) -> User:
    return make_user(is_approved=False)


def themselves(owner: User) -> User:
    return owner


def token_of(owner: User) -> ApiToken:
    return make_token(owner)[0]


TestOwnAccount = permission_checks(
    Endpoint("get", "me", EVERY_ROLE),
    Endpoint("patch", "me", EVERY_ROLE, body={"nickname": "Nick"}),
    Endpoint("put", "me/password", EVERY_ROLE, body=PASSWORDS),
    Endpoint("get", "me/tokens", EVERY_ROLE),
    Endpoint("post", "me/tokens", EVERY_ROLE, body={"name": "export"}),
    Endpoint("delete", "me/tokens/{pk}", EVERY_ROLE, row=token_of, hidden_from=EVERY_ROLE),
    Endpoint("delete", "session", EVERY_ROLE),
)

TestDepartments = permission_checks(
    Endpoint("get", "departments", EVERY_ROLE),
    Endpoint("post", "departments", ADMINISTRATOR, body={"name": "Hematology"}),
    Endpoint("patch", "departments/{pk}", ADMINISTRATOR, body={"name": "Hematology"}, row=a_department),
    Endpoint("delete", "departments/{pk}", ADMINISTRATOR, row=a_department),
)

TestUsers = permission_checks(
    Endpoint("get", "users", ADMINISTRATOR),
    Endpoint("get", "users/{pk}", EVERY_ROLE, row=themselves, hidden_from=EVERY_ROLE - ADMINISTRATOR),
    Endpoint("post", "users", ADMINISTRATOR, body=NEW_USER),
    Endpoint("patch", "users/{pk}", ADMINISTRATOR, body={"nickname": "Nick"}, row=themselves),
    Endpoint("post", "users/{pk}/approve", ADMINISTRATOR, body={"role": "doctor"}, row=an_applicant),
    Endpoint("post", "users/{pk}/reset-password", ADMINISTRATOR, row=themselves),
)
