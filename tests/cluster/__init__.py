"""What becomes of thirty go-lives when parts of a cluster are killed: the one of docs/deployment/compose.yaml.

Run by ``make cluster``, not by ``pytest`` alone.
"""
