"""Wait for an operation that another DAG, or a person, has started; its location comes with the run."""

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_cpp.sensors.operation import OperationSensor

with DAG("wait_elsewhere", schedule=None, params={"operation_location": Param(type="string", minLength=1)}):
    OperationSensor(task_id="wait_until_live", operation_location="{{ params.operation_location }}")
