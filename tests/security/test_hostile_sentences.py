"""Hostile texts in what is said beside cards: refusals, answers to a command, alarms, the terminal, an error in a form."""

import io
import json
import random
import re
import sys
import typing
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import datetime
from inspect import getmembers, isfunction, signature
from pathlib import Path
from typing import Any, cast

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_bolt import BoltContext, BoltResponse

from bot import replies
from bot.command_text import Wrong, parse
from bot.deps import Deps
from bot.home import Homes
from bot.whisper import Whisper
from tests.sandbox.scripted import Scripted
from tests.security.filling import PEOPLE, Filler, note_kinds, parameters
from tests.security.hostile_texts import ALL, hostile, twins
from tests.security.slack_model import Live, of_message, of_mrkdwn
from tests.unit.make import requested
from workers.adapters.aws.sns import _subject
from workers.adapters.slack_channel import SlackChannel
from workers.cards import moments
from workers.cards.bare import bare
from workers.cards.text import LOOKALIKES, cut, inert, plain
from workers.cli import as_json, screen
from workers.cli.listing import _line as listed_line
from workers.cli.speech import card_text
from workers.domain.actor import Actor
from workers.domain.errors import RevocationError
from workers.domain.handoff import Handoff
from workers.domain.revocation import Revocation, State
from workers.domain.rules import Rules
from workers.ports import Change, ChangeOf, Message
from workers.service import intake
from workers.service.intake import Authority

TEXTS = st.one_of(
    st.sampled_from(ALL), st.integers(0, 10**9).map(lambda seed: hostile(random.Random(seed))), st.text()
)


# The model would notice.


@pytest.mark.parametrize(
    "token",
    [
        *(
            "<!channel>",
            "<@U0BOB00001>",
            "<https://evil.example|ok>",
            "<!date^0^{ago}|x>",
            "*bold*",
            "_it_",
            "`x`",
        ),
        *(
            "~gone~",
            "> quoted",
            "&gt; quoted",
            "＞ quoted",
            "＊b＊",
            ":tada:",
            "a\nb",
            "\u202eabc",
            "\u200b*\u200bb\u200b*\u200b",
        ),
        *("a" + "\u0301" * 9, "x" + " " * 20 + "y", "&amp;lt;&", "\x1b[31m", "half <@U0BOB"),
    ],
)
def test_the_model_finds_alive_what_slack_would_and_inert_kills_it(token: str) -> None:
    assert list(of_mrkdwn(token, verbatim=True))
    assert list(of_mrkdwn(f"Reason: {inert(token)}.", verbatim=True)) == []


@pytest.mark.parametrize(
    "text", ["https://evil.example", "see evil.example", "a@evil.example", "@channel", "#general"]
)
def test_the_model_finds_what_slack_makes_of_a_bare_text_by_itself(text: str) -> None:
    assert list(of_mrkdwn(text, verbatim=False))
    assert list(of_mrkdwn(text, verbatim=True)) == []


@settings(deadline=None, max_examples=25)
@given(TEXTS, st.integers(1, 300))
def test_nothing_of_one_text_comes_alive_at_any_length(text: str, limit: int) -> None:
    made = inert(text, limit)
    assert len(made) <= limit
    assert list(of_mrkdwn(made, verbatim=True)) == []
    assert list(of_mrkdwn(f"({made}): ", verbatim=True)) == []


@settings(deadline=None, max_examples=25)
@given(TEXTS, st.integers(10, 120))
def test_a_long_sentence_is_cut_in_no_token_and_no_escape(text: str, limit: int) -> None:
    sentence = f"<@U0BOB00001> {inert(text)} <!date^0^{{time}}|02:00> & <#C0SECINC01>".replace(
        " & ", " &amp; "
    )
    made = cut(sentence, limit)
    assert len(made) <= limit
    assert Counter(of_mrkdwn(made, verbatim=True)) <= Counter(of_mrkdwn(sentence, verbatim=True))


@settings(deadline=None, max_examples=25)
@given(TEXTS)
def test_what_was_made_inert_is_the_same_words_at_a_terminal(text: str) -> None:
    """But for signs that only look like those that format."""
    alike = str.maketrans(
        {shown: meant for meant, shown in LOOKALIKES.items()} | {"﹡": "＊", "⸏": "＿", "｀": "`"}
    )
    assert bare(inert(text, 100_000)).translate(alike) == plain(text, 100_000).translate(alike)


def test_a_word_that_is_cut_behind_its_underscore_formats_nothing() -> None:
    for limit in range(3, 12):
        assert list(of_mrkdwn(inert("_x a_b_c_d_e", limit), verbatim=True)) == []
        assert list(of_mrkdwn(cut(inert("a_b_c_d_e_f"), limit), verbatim=True)) == []


# Refusals, whatever is asked of whatever record.


def alive(sentence: str) -> Counter[Live]:
    answer = replies.say(sentence)
    return of_message(answer["text"], answer["blocks"], parsed=True)


def use_cases() -> list[tuple[str, Callable[..., Any]]]:
    """Each thing that a person can ask for about a revocation, or about a handoff of it."""
    found = [
        (name, f)
        for name, f in getmembers(intake, isfunction)
        if {"revocation_id", "handoff_id"} & set(signature(f).parameters)
    ]
    return [(name, f) for name, f in found if "who" in signature(f).parameters]


def refusals(aws: Scripted, seed: int, texts: Callable[[], str]) -> list[str]:
    """What each use case answers about the record of this seed, to people of every kind, in order."""
    filler, said = Filler(seed, texts), list[str]()
    record, rules = filler.value(Revocation), filler.value(Rules)
    for _, use in use_cases():
        actor = filler.actor() if filler.r.random() < 0.8 else Actor(kind="slack", id="U0ALICE001")
        made = _stored(aws, record)
        rights = [filler.r.random() < 0.8 for _ in range(2)]
        known = {
            "store": aws.world.store,
            "who": Authority(actor=actor, responder=rights[0], approver=rights[1]),
            "revocation_id": made.id,
            "handoffs": aws.world.handoffs,
            "handoff_id": _offered(aws, filler.value(Handoff), made),
            "caps": rules.caps,
            "still_responder": lambda voter: True,
        }
        asked = {name: kind for name, kind in parameters(use).items() if name not in known}
        given_ = {name: _argument(filler, kind) for name, kind in asked.items()}
        wanted = {name: value for name, value in known.items() if name in signature(use).parameters}
        said.append(_answer(use, {**wanted, **given_}))
        _away(aws, made)
    return said


def _answer(use: Callable[..., Any], given_: dict[str, Any]) -> str:
    try:
        use(**given_)
    except RevocationError as refusal:
        return str(refusal)
    return ""


def _argument(filler: Filler, kind: Any) -> Any:
    if typing.get_origin(kind) is not None and "Iterable" in str(kind):
        return list(PEOPLE)
    return filler.value(kind)


def _stored(aws: Scripted, record: Revocation) -> Revocation:
    def decide(fresh: str, now: datetime) -> Change:
        made = replace(record, id=fresh, seq=0, notes=(), requested_at=now)
        return Change(record=made, event="made", actor=Actor(kind="system", id="test"))

    return aws.world.store.create(decide)


def _offered(aws: Scripted, handoff: Handoff, record: Revocation) -> str:
    def decide(fresh: str, now: datetime) -> ChangeOf[Handoff]:
        made = replace(handoff, id=fresh, seq=0, notes=(), offered_at=now, revocations=(record.id,))
        return ChangeOf(record=made, event="made", actor=Actor(kind="system", id="test"))

    return aws.world.handoffs.create(decide).id


def _away(aws: Scripted, made: Revocation) -> None:
    """The next one is not to be read beside it."""
    for one in aws.world.store.open():
        aws.edit(one.id, lambda current: requested(id=current.id, seq=current.seq, state=State.CLOSED))


def compared(aws: Scripted, seed: int, r: random.Random) -> int:
    used: list[str] = []

    def next_text() -> str:
        used.append(hostile(r)[:2_000])
        return used[-1]

    bad = refusals(aws, seed, next_text)
    good = refusals(aws, seed, twins(used).__next__)
    for one, other in zip(bad, good, strict=True):
        assert alive(one) - alive(other) == Counter(), (one, other)
        assert at_terminal(bare(one)) == [], one
    return len([one for one in bad if one])


def test_no_refusal_of_any_use_case_lets_a_text_come_alive(aws: Scripted) -> None:
    assert sum(compared(aws, seed, random.Random(seed)) for seed in range(12)) > 100


# Answers, alarms, the terminal.


@settings(deadline=None, max_examples=25)
@given(TEXTS)
def test_a_command_that_is_not_understood_is_given_back_dead(typed: str) -> None:
    """Slack escapes what is typed, and marks people and channels that it knows."""
    escaped = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    answer = parse(escaped)
    if isinstance(answer, Wrong):
        # What is typed is given back as code, which shows all as it is; so it must not end the code.
        around = re.sub(r"```.*?```|`[^`\n]*`", "", answer.sentence, flags=re.DOTALL)
        assert "\uff40" not in answer.sentence
        ours = (("unseen", repr("\n")), *(("format", sign) for sign in "*_~"))
        assert not [live for live in alive(around) if live not in ours], answer.sentence


def _whispered(respond: Callable[..., None], sentence: str, *, instead: bool) -> None:
    """Say it as a listener does after a click, and wait until it was said."""
    whisper, context = Whisper(Homes(cast(Deps, None))), BoltContext({"respond": respond})
    whisper(context, {}, lambda: BoltResponse(status=200))
    context["whisper"](sentence, instead=instead)
    whisper._pool.shutdown()


def test_a_whisper_and_an_answer_stand_in_a_block_where_slack_makes_no_links() -> None:
    said: list[dict[str, Any]] = []

    class Respond:
        response_url = "https://hooks.slack.com/x"

        def __call__(self, **given: Any) -> None:
            said.append(given)

    for instead in (True, False):
        _whispered(Respond(), "see https://evil.example @channel", instead=instead)
    for answer in (*said, replies.say("see https://evil.example @channel")):
        assert of_message(answer["text"], answer["blocks"], parsed=True) == Counter()


def test_slack_is_told_to_make_no_link_and_no_mention_of_a_bare_text() -> None:
    calls: list[dict[str, Any]] = []

    class Client:
        def __getattr__(self, name: str) -> Callable[..., dict[str, str]]:
            return lambda **given: calls.append(given) or {"ts": "1.2"}  # type: ignore[func-returns-value]

    channel, message = SlackChannel(Client()), Message("see https://evil.example @channel")  # type: ignore[arg-type]
    channel.post("C0SECINC01", message)
    channel.update("C0SECINC01", "1.2", message)
    channel.reply("C0SECINC01", "1.2", message, broadcast=True)
    channel.tell("U0BOB00001", message)
    assert [(c["parse"], c["link_names"]) for c in calls] == [("none", False)] * 4
    assert [c.get("unfurl_links") for c in calls] == [False, None, False, False]


def at_terminal(text: str) -> list[str]:
    """The characters that a terminal would obey, or nobody would see."""
    return [c for c in text if not c.isprintable() and c not in "\n\t" and unicodedata.category(c) != "Zs"]


def test_the_terminal_and_the_alarm_say_hostile_records_in_words() -> None:
    r = random.Random(9)
    for seed in range(12):
        filler = Filler(seed, lambda: hostile(r))
        record, rules = filler.value(Revocation), filler.value(Rules)
        for kind in note_kinds():
            note = filler.note_of(kind)
            text, typed = moments.render(record, note, rules).text, f"{record} {note.detail}"
            assert at_terminal(bare(text)) == []
            assert not [
                m for m in ("<@", "<!", "&lt;", "\u2060") if m in text and m in bare(text) and m not in typed
            ]
        for said in (card_text(record, rules), listed_line(record)):
            with redirect_stdout(io.StringIO()) as shown, screen.only_text():
                click.echo(said)
            assert at_terminal(shown.getvalue()) == []


@settings(deadline=None, max_examples=25)
@given(TEXTS)
def test_nothing_that_a_terminal_obeys_gets_through_and_json_says_the_same(text: str) -> None:
    with redirect_stdout(io.StringIO()) as shown, screen.only_text():
        click.echo(text)
        print(text, file=sys.stdout)
        as_json.say({"name": text})
    assert at_terminal(shown.getvalue()) == []
    assert "\x1b" not in shown.getvalue()
    document = shown.getvalue()[shown.getvalue().rindex("{\n") :]
    assert json.loads(document) == {"name": text}


@settings(deadline=None, max_examples=25)
@given(TEXTS)
def test_an_alarms_subject_is_one_line_of_ascii_that_sns_takes(text: str) -> None:
    subject = _subject(text)
    assert 0 < len(subject) < 100
    assert subject.isascii()
    assert subject.isprintable()


def figures() -> Iterator[str]:
    import tempfile

    from tests.sandbox.scripted import scripted

    with tempfile.TemporaryDirectory() as folder, scripted(Path(folder)) as made:
        count = sum(compared(made, seed, random.Random(seed)) for seed in range(40))
    yield f"{count:,} refusals of {len(use_cases())} use cases about hostile records: 0 live tokens"
