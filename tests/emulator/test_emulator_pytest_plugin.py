from __future__ import annotations

import json
import os

OFFER = "contoso-virtualmachineoffer"


def test_the_fixture_gives_a_ready_offer_and_the_connection(cpp_emulator):
    connection = json.loads(os.environ["AIRFLOW_CONN_CPP_DEFAULT"])
    assert connection == cpp_emulator.connection()
    operation = cpp_emulator.operations(OFFER)[0]
    assert cpp_emulator.view(operation).waits_for_signoff
    assert cpp_emulator.duration == 1


def test_the_connection_is_gone_after_the_test():
    assert "AIRFLOW_CONN_CPP_DEFAULT" not in os.environ
