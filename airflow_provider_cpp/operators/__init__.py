"""Operators for Airflow."""
