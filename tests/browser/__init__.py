"""The demo's page, played in a real browser as a visitor plays it. `make test-browser`."""
