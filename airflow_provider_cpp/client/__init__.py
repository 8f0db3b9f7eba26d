"""How a service is talked to: a connection's settings, tokens, and one client for each colour.

The clients do what the rules decide: the blocking one with requests, for the worker; the asynchronous
one with aiohttp, for the triggerer. Nothing in here knows Airflow's machinery.
"""
