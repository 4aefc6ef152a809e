"""What an attacker may try, each with the test that it fails. `python -m tests.security` runs the full figures."""
