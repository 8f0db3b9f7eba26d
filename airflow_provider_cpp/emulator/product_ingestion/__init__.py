"""What the Product Ingestion API says on the wire, about the offers that the emulator has."""
