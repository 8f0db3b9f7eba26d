"""What there is to say about offers, whichever service has them."""
