"""How Cloud Partner Portal is talked to: a connection's settings, tokens, and one client for each colour.

The clients do what the rules below them decide: the blocking one with requests, for the worker; the asynchronous
one with aiohttp, for the triggerer. Nothing in here knows Airflow's machinery.
"""
