"""Hear of a release that fails, and of one that takes longer than yours do. Airflow 3.2 and later."""

from datetime import timedelta

from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import DAG, AsyncCallback, DeadlineAlert, DeadlineReference

from airflow_provider_cpp.operators.offer import GoLiveOperator
from airflow_provider_cpp.sensors.operation import OperationSensor

TEAM = "release-team@contoso.example"

with DAG(
    "take_offer_live_and_tell",
    schedule=None,
    max_active_runs=1,
    # Any task that fails for good; the message in the mail is the one of the exception.
    default_args={
        "on_failure_callback": SmtpNotifier(
            to=TEAM,
            subject="{{ ti.task_id }} of {{ dag.dag_id }} failed",
            html_content="{{ exception }}",
        )
    },
    # A run that isn't over after three days. It goes on; nothing fails and nothing is canceled.
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(days=3),
        callback=AsyncCallback(
            SmtpNotifier,
            kwargs={
                "to": TEAM,
                "subject": "A go-live has taken three days",
                "html_content": "Look at its log, and at the offer in Partner Center.",
            },
        ),
    ),
):
    go_live = GoLiveOperator(task_id="go_live", offer_id="contoso-virtualmachineoffer")
    OperationSensor(
        task_id="wait_until_live",
        operation_location=go_live.output,
        stuck_after=timedelta(days=1),  # no step has changed for a day: a warning in the log, once
        timeout=timedelta(days=16),
    )
