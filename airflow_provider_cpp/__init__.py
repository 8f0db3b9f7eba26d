"""Take Azure Marketplace offers live from Apache Airflow, through either of Microsoft's APIs for that."""

__version__ = "0.1.0"
