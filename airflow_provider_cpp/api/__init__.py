"""What Cloud Partner Portal is: its calls, locations, operations and the rules for dealing with them.

Functions of plain values. Nothing in here knows Airflow's machinery, an HTTP library or a clock; the one
thing from outside is `exceptions`, which says how a refusal is called.
"""
