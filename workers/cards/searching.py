"""The way from a person who was not found to the form that searches the directory. Pure."""

from workers.cards.text import Block

SEARCH = "directory_search"


def search_button(revocation_id: str = "") -> Block:
    """With a revocation, its reason is taken over; without one, whom and why is asked in the form."""
    words = {"type": "plain_text", "text": "Search the directory", "emoji": False}
    made: Block = {"type": "button", "text": words, "action_id": SEARCH}
    return made | ({"value": revocation_id} if revocation_id else {})
