"""How often one caller may ask."""

import pytest
from rest_framework.throttling import SimpleRateThrottle

from web.builders import make_user
from web.client import Client

pytestmark = pytest.mark.django_db
_RATES = {"person": "3/min", "picture": "5/min", "nobody": "2/min", "credentials": "1/min", "captcha": "2/min"}


@pytest.fixture(autouse=True)
def few_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", _RATES)


def refused_after(client: Client, address: str) -> int:
    """How many requests are answered before one is too many."""
    return next(asked for asked in range(10) if client.get(address)[0] == 429)


@pytest.mark.parametrize("picture", ["cells/1/picture", "fields/1/thumbnail"])
def test_pictures_leave_a_person_the_requests_that_changes_need(picture: str) -> None:
    client = Client(make_user(role="doctor"))

    assert refused_after(client, picture) == 5
    assert refused_after(client, "reviews/cells") == 3


def test_people_are_counted_each_on_their_own() -> None:
    assert [refused_after(Client(make_user()), "reviews/cells") for _ in range(2)] == [3, 3]
