"""One long-running operation, whichever service runs it: started once, watched to its end, canceled.

Knows neither Airflow nor a library for HTTP nor a clock.
"""
