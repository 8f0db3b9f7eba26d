"""What Microsoft's Cloud Partner Portal API says and does, and nothing of it anywhere else."""
