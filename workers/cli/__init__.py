"""The operator's side: `python -m workers ...`. It asks through the same use cases as Slack."""
