from hemascope.web.accounts.models import User
from hemascope.web.catalogue.models import Activation
from web.catalogue.builders import activate
from web.permission_checks import EVERY_ROLE, Endpoint, permission_checks

ADMINISTRATOR = {"administrator"}
CHOICE = {"specimen": "bone-marrow", "task": "detection", "number": 0, "reason": "the first"}
BACK = {"specimen": "bone-marrow", "task": "classification", "number": 2, "reason": "it was better"}


def two_choices(owner: User) -> Activation:
    activate(owner, "classifier-light")
    return activate(owner, "classifier-light")


TestModels = permission_checks(
    Endpoint("get", "bundles", EVERY_ROLE),
    Endpoint("get", "bundles/classifier-light", EVERY_ROLE),
    Endpoint("get", "active-models", EVERY_ROLE),
    Endpoint("get", "activations", EVERY_ROLE),
    Endpoint("post", "activations", ADMINISTRATOR, body=CHOICE | {"bundle": "detector-light"}),
    Endpoint("post", "activations/roll-back", ADMINISTRATOR, body=BACK, row=two_choices),
)
