"""What a task on a worker does when it is killed: all of `cancel_on_kill` but what the triggerer does."""
