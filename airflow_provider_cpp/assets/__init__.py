"""What Airflow's assets can be."""
