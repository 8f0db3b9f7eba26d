"""Wait in an operator of your own, without holding a worker."""

import time

from airflow.providers.common.compat.sdk import DAG, BaseOperator

from airflow_provider_cpp.triggers.operation import OperationTrigger
from airflow_provider_cpp.values import result_of


class LiveLinksOperator(BaseOperator):
    """Wait for an operation, and return the links of what it took live."""

    template_fields = ("operation_location",)

    def __init__(self, *, operation_location, **kwargs):
        super().__init__(**kwargs)
        self.operation_location = operation_location

    def execute(self, context):
        """Defer to the trigger, for three days at most."""
        now = time.time()
        watch = OperationTrigger(
            operation_location=self.operation_location, started_at=now, deadline=now + 3 * 24 * 3600
        )
        self.defer(trigger=watch, method_name="resume")

    def resume(self, context, event):
        """Return the links, or raise what the event means."""
        return result_of(event, by_sensor=True)["live_links"]


with DAG("own_operator", schedule=None, params={"operation_location": ""}):
    LiveLinksOperator(task_id="live_links", operation_location="{{ params.operation_location }}")
