"""What a developer runs beside the provider: a real Airflow, the demo, the playground."""
