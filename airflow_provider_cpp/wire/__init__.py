"""One exchange with a service, whichever it is: what is sent, what came back, and what of it may be shown.

Knows neither Airflow nor a library for HTTP nor a clock.
"""
