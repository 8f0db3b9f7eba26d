"""What services behind the portal say when they refuse, over a real socket, in both colours."""

from __future__ import annotations

import pytest

from airflow_provider_cpp.emulator import Emulator
from airflow_provider_cpp.emulator.faults import Fault
from airflow_provider_cpp.emulator.refusals import FORMS, REASON
from airflow_provider_cpp.wire.answers import Answer, error_of, request_id
from tests.client.conftest import GET, POST, Exchange, settings_for


@pytest.mark.parametrize("form", [form for form in FORMS if form != "empty"])
def test_no_word_of_a_refusal_is_lost_on_its_way(exchange: Exchange, emulator: Emulator, form: str) -> None:
    emulator.faults.add(Fault("refusal", action="golive", status=422, value=form))
    error = error_of(POST, exchange(settings_for(emulator), POST))
    assert str(error).count(REASON) == 1
    assert error.request_id


def test_a_refusal_without_a_word_says_so_and_has_the_gateways_id(exchange: Exchange, emulator: Emulator) -> None:
    emulator.faults.add(Fault("refusal", action="submissions", status=400, value="empty"))
    error = error_of(GET, exchange(settings_for(emulator), GET))
    assert "doesn't say why" in str(error)
    assert "message" not in str(error)
    assert str(error.request_id).startswith("20260301T120000Z")


def test_the_correlation_id_of_partner_center_is_told(exchange: Exchange, emulator: Emulator) -> None:
    emulator.faults.add(Fault("refusal", action="submissions", status=500, value="inner", times=2))
    reading = exchange(settings_for(emulator), GET)
    assert isinstance(reading, Answer)
    assert request_id(reading) == reading.headers["ms-correlationid"]
    again = exchange(settings_for(emulator), GET)
    assert isinstance(again, Answer)
    assert request_id(again) != request_id(reading)
