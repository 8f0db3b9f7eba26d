"""What Cloud Partner Portal's API says on the wire, about the offers that the emulator has."""
