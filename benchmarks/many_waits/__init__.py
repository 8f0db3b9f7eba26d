"""The DAG file of the waits in a real triggerer."""
