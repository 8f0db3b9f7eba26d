"""Run the emulator with ``python -m airflow_provider_cpp.emulator``."""

import sys

from airflow_provider_cpp.emulator.cli import main

if __name__ == "__main__":
    sys.exit(main())
