"""Triggers for Airflow."""
