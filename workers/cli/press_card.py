"""A card with a button that somebody must press: the way to Slack and back, proven."""

import secrets
import time
from collections.abc import Iterator

import click

from workers.cards.text import actions, button, section
from workers.ports import Message
from workers.service.doctor import Finding, fail, ok
from workers.service.world import World

PRESS_WITHIN = 60.0
ACTION = "doctor_test"
_SENTENCE = (
    "This is a test by `python -m workers doctor`. Nobody is denied. Press the button within a minute."
)


def press(world: World) -> Iterator[Finding]:
    """Post the card to the incident channel and wait for a responder or an approver to press its button."""
    nonce = secrets.token_hex(3)
    channel = world.rules.incident_channel
    sent = Message(_SENTENCE, (section(_SENTENCE), actions(button("It works", ACTION, nonce))))
    ts = world.channel.post(channel, sent)
    click.echo("A test card is in the incident channel: press its button within a minute.", err=True)
    pressed = _pressed(world, nonce)
    word = (
        "This was a test, and it worked."
        if pressed
        else "This was a test. Nobody pressed the button in time."
    )
    world.channel.update(channel, ts, Message(word, (section(word),)))
    if pressed:
        yield ok("test card: posted, and its button arrived")
    else:
        yield fail("test card: posted, but no press arrived within a minute.", "Is `python -m bot` running?")


def _pressed(world: World, nonce: str) -> bool:
    end = time.monotonic() + PRESS_WITHIN
    while time.monotonic() < end:
        if world.store.marked(f"{ACTION}-{nonce}") is not None:
            return True
        time.sleep(0.2)
    return False
