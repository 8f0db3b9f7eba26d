"""What becomes of a release when Airflow's own processes, the database's clients or the portal are killed.

Run by ``make chaos`` or ``pytest tests/chaos``, not by ``pytest`` alone. One Airflow serves all of it: two
triggerers on a PostgreSQL, and thresholds so low that a lost process is noticed within seconds.
"""
