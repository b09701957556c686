import pytest

from unit.service.fake_pipeline import FakePipeline


@pytest.fixture
def pipeline() -> FakePipeline:
    return FakePipeline()
