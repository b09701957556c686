"""Answers come in the language that the request asks for: ours, Django's and DRF's sentences alike."""

import re
from typing import Any

import pytest

from hemascope.web.jobs.models import Job
from web.accounts.builders import solved_captcha
from web.analyses.builders import as_file, make_cell
from web.builders import PASSWORD, make_department, make_user
from web.cases.builders import make_case
from web.client import Client
from web.jobs.builders import make_job
from web.reports.builders import fingerprint_of, make_counted_case

pytestmark = pytest.mark.django_db

BROWSER_IN_CHINA = "zh-CN"  # what the pages send
HAN = re.compile(r"[\u4e00-\u9fff]")


def ask(by: Any, method: str, address: str, body: Any = None, language: str = BROWSER_IN_CHINA, **options: Any) -> Any:
    return Client(by).ask(method, address, body, HTTP_ACCEPT_LANGUAGE=language, **options)[1]


def register(language: str = BROWSER_IN_CHINA, **changes: object) -> dict[str, str]:
    """The first message about each wrong field."""
    body = {"username": "lin", "password": PASSWORD, "email": "lin@lab.test", **solved_captcha()} | changes
    answer = ask(None, "post", "registrations", body, language)
    return {field: faults[0]["message"] for field, faults in answer["detail"].items()}


@pytest.mark.parametrize("language", ["zh-Hans", "zh-CN", "zh", "zh-TW", "fr;q=0.4, zh-CN;q=0.9"])
def test_every_chinese_is_answered_in_chinese(language: str) -> None:
    assert ask(None, "get", "nothing/here", language=language)["message"] == "该地址没有内容。"


@pytest.mark.parametrize("language", ["en", "en-GB", "fr", "*", "", "no language"])
def test_everything_else_is_answered_in_english(language: str) -> None:
    assert ask(None, "get", "nothing/here", language=language)["message"] == "There is nothing at this address."


def test_without_a_wish_the_answer_is_english() -> None:
    assert Client().get("nothing/here")[1]["message"] == "There is nothing at this address."


def test_token_that_is_of_no_use_is_told_in_chinese() -> None:
    answer = ask(None, "get", "me", HTTP_AUTHORIZATION="Bearer hema_wrong")

    assert answer["message"] == "令牌无效、已过期或已撤销。"


def test_conflict_names_the_state_of_the_case_in_chinese() -> None:
    case = make_case(make_user(role="technician"), state="in_review")

    said = ask(case.created_by, "delete", f"cases/{case.pk}")["message"]

    assert said == f"病例{case.number}的状态为“复核中”，只有新建的病例可以删除"


def test_stale_version_is_told_in_chinese() -> None:
    case = make_case(make_user(role="technician"))

    body = {"version": 7, "clinical_question": "?"}
    assert "已被他人修改" in ask(case.created_by, "patch", f"cases/{case.pk}", body)["message"]


def test_cell_that_cannot_be_confirmed_says_so_in_chinese() -> None:
    cell = make_cell(model_class="", is_unidentified=True)
    body = {"cells": [{"id": cell.pk, "version": cell.version}]}

    outcome = ask(cell.case.created_by, "post", "reviews/cells/confirm", body)

    assert outcome["conflicts"][0]["message"] == f"细胞{cell.pk}未识别，请先指定类别"


def test_refused_signature_lists_its_reasons_in_chinese() -> None:
    doctor = make_user(role="doctor")
    case = make_counted_case(doctor, is_reviewed=False)
    body = {"password": PASSWORD, "fingerprint": fingerprint_of(case, doctor)}

    answer = ask(doctor, "post", f"cases/{case.pk}/sign", body)

    assert answer["code"] == "signing_refused"
    assert all(HAN.search(reason["message"]) for reason in answer["detail"]["reasons"])
    assert "未复核的细胞过多。" in answer["message"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"username": "TAKEN"}, "该用户名已被使用。"),  # ours, in place of Django's with names of the model in it
        ({"password": "short"}, "密码太短，至少需要10个字符。"),
        ({"password": "1234567890"}, "这个密码太常见了。"),  # Django
        ({"email": "nowhere"}, "请输入合法的邮件地址。"),  # DRF
        ({"email": ""}, "该字段不能为空。"),
    ],
)
def test_fault_of_a_field_is_told_in_chinese_whoever_finds_it(wrong: dict[str, str], said: str) -> None:
    make_user("taken")

    assert register(**wrong) == dict.fromkeys(wrong, said)
    assert not HAN.search("".join(register("en", **wrong).values()))


def test_department_whose_name_is_taken_is_told_in_chinese() -> None:
    administrator = make_user(role="administrator")

    answer = ask(administrator, "post", "departments", {"name": make_department().name})

    assert answer["detail"]["name"][0]["message"] == "该科室名称已存在。"


def test_setting_out_of_range_is_told_in_chinese() -> None:
    answer = ask(make_user(role="administrator"), "patch", "lab-settings", {"version": 1, "confidence": 2})

    assert answer["detail"]["confidence"][0]["message"] == "应小于1"


def test_row_that_cannot_be_imported_is_told_in_chinese() -> None:
    file = as_file(b"hospital_number,name,sex\nh1,Lin,unknown\n", "patients.csv")

    answer = ask(make_user(role="technician"), "post", "patients/import", {"file": file}, format="multipart")

    assert answer["faults"][0]["message"] == "“unknown”无法识别，可填：female、f、女、male、m、男、other、o、其他。"


def test_image_that_is_refused_below_the_web_says_the_matter_in_chinese_and_the_particulars_in_english() -> None:
    case = make_case(make_user(role="technician"))

    def refusal(language: str) -> str:
        body = {"files": [as_file(b"no image")]}
        outcomes = ask(case.created_by, "post", f"cases/{case.pk}/fields", body, language, format="multipart")
        return str(outcomes[0]["error_message"])

    assert refusal("en").startswith("the content looks like")
    assert refusal("zh-CN") == f"不支持此类图像（{refusal('en')}）"


def test_reason_that_a_worker_wrote_says_the_matter_in_chinese() -> None:
    person = make_user(role="technician")
    Job.objects.filter(pk=(job := make_job(by=person)).pk).update(
        status="failed", error_code="worker_lost", error_message="the worker died"
    )

    assert ask(person, "get", f"jobs/{job.pk}")["error_message"] == "工作进程在处理中意外终止（the worker died）"
    assert ask(person, "get", f"jobs/{job.pk}", language="en")["error_message"] == "the worker died"
