"""What operators and sensors share: how a task calls the portal, starts an operation, waits and ends."""
