"""The pretend Slack and AWS side by side in a browser, between them the real bot, workers and Redis."""
