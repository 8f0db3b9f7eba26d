"""Microsoft's Product Ingestion API: what it says, and what that means."""
