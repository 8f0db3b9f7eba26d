"""Take Azure Marketplace offers live from Apache Airflow, through Microsoft's Cloud Partner Portal API."""

__version__ = "0.1.0"
