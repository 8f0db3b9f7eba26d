"""Each service on a stage of its own, new for each test."""

from __future__ import annotations

import pytest

from tests.contract.on_cloud_partner_portal import OnCloudPartnerPortal
from tests.contract.on_product_ingestion import OnProductIngestion, RefusingAtThePost
from tests.contract.stage import GOING_LIVE, PUBLISHING, Stage

STAGES = {
    "cloud partner portal": OnCloudPartnerPortal,
    "product ingestion": OnProductIngestion,
    "product ingestion that refuses at the POST": RefusingAtThePost,
}


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> Stage:
    """A service with one offer, ready to go live where a test says nothing else."""
    return STAGES[request.param]()


@pytest.fixture(params=[GOING_LIVE, PUBLISHING])
def act(request: pytest.FixtureRequest) -> str:
    """What is to be started."""
    return str(request.param)


@pytest.fixture
def make_stage(stage: Stage) -> type[Stage]:
    """Makes the service anew, for a test that needs it again and again."""
    return type(stage)


@pytest.fixture
def other_stages(stage: Stage) -> list[Stage]:
    """One of each other service."""
    return [other() for other in STAGES.values() if other.service.origin != stage.service.origin]
