"""The demonstration is made through the actions of its users, once."""

import stat
from pathlib import Path

import pytest
from django.contrib.auth.hashers import check_password

from hemascope.errors import SettingsError
from hemascope.web.accounts.actions import user_create
from hemascope.web.accounts.models import User
from hemascope.web.analyses.models import Field
from hemascope.web.api.roles import Role
from hemascope.web.audit.selectors import audit_verify
from hemascope.web.cases.models import Case
from hemascope.web.installation import FirstAdministrator
from hemascope.web.jobs.models import Job
from hemascope.web.operations import demo
from hemascope.web.operations.demo import demo_accounts, demo_make

ADMINISTRATOR = FirstAdministrator("admin", "a long enough password")


@pytest.mark.django_db(transaction=True)
def test_demonstration_has_somebody_of_each_role_and_cases_with_fields_to_be_analysed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "_FIELDS", 1)
    user_create(by=None, username="admin", password=ADMINISTRATOR.password, role="administrator", email="a@b.invalid")

    demo_make(tmp_path, ADMINISTRATOR)

    accounts = dict(line.split("  ") for line in demo_accounts(tmp_path).splitlines())
    assert {User.objects.get(username=name).role for name in accounts} == set(Role)
    for name, password in accounts.items():
        assert check_password(password, User.objects.get(username=name).password), name
    assert stat.S_IMODE((tmp_path / "demo-accounts.txt").stat().st_mode) == 0o600
    cases = Case.objects.count()
    assert (cases >= 4, Field.objects.count(), Job.objects.count()) == (True, cases, cases)
    assert {case.reader.username for case in Case.objects.all()} == {"doctor"}
    assert audit_verify() > 3 * cases


def test_folder_of_a_real_installation_is_no_demonstration(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="choose another"):
        demo_accounts(tmp_path)
