"""`/revoke ...` as somebody types it in a hurry: what is understood, and what is said where it is not."""

import random
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.command_text import About, Drill, HandOff, Help, ListOpen, Revoke, Whom, Wrong, parse
from tests.unit.make import ALICE_ID
from workers.domain.handoff import NOTE_LIMIT
from workers.domain.revocation import TargetRef
from workers.domain.user_id import is_user_id

SESSION = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef"


def slack(user_id: str) -> TargetRef:
    return TargetRef(kind="slack", value=user_id, slack_id=user_id)


def email(value: str) -> TargetRef:
    return TargetRef(kind="email", value=value)


def named(value: str) -> TargetRef:
    return TargetRef(kind="user_name", value=value)


def revoke(text: str) -> Revoke:
    command = parse(text)
    assert isinstance(command, Revoke), command
    return command


def wrong(text: str) -> str:
    command = parse(text)
    assert isinstance(command, Wrong), command
    return command.sentence


@pytest.mark.parametrize(
    ("typed", "target"),
    [
        ("<@U0ALICE001>", slack("U0ALICE001")),
        ("<@U0ALICE001|alice>", slack("U0ALICE001")),
        ("<@W0ALICE001|>", slack("W0ALICE001")),
        ("<@U0ALICE001|alice>,", slack("U0ALICE001")),
        ("alice@example.com", email("alice@example.com")),
        ("alice@example.com,", email("alice@example.com")),
        ("<mailto:alice@example.com|alice@example.com>", email("alice@example.com")),
        ("<mailto:alice@example.com>", email("alice@example.com")),
        ("mailto:alice@example.com", email("alice@example.com")),
        ("\u200balice@example.com\ufeff", email("alice@example.com")),
        ("r&amp;d@example.com", email("r&d@example.com")),
        ("o'brien+aws@example.co.uk", email("o'brien+aws@example.co.uk")),
        ("jürgen@bücher.example", email("jürgen@bücher.example")),
        (ALICE_ID, TargetRef(kind="user_id", value=ALICE_ID)),
        (f"arn:aws:identitystore:::user/{ALICE_ID}", TargetRef(kind="user_id", value=ALICE_ID)),
        (f"{SESSION}/alice", named("alice")),
        (f"{SESSION}/alice@example.com", named("alice@example.com")),
        (f"{SESSION}/<mailto:alice@example.com|alice@example.com>", named("alice@example.com")),
        ("alice", named("alice")),
        ("alice.cooper-2", named("alice.cooper-2")),
        ("Zoë", named("Zoë")),
        ("\u200balice\u2060", named("alice")),
        ("harold", named("harold")),
        ("user:status", named("status")),
        ("USER:R-7K2M9Q", named("R-7K2M9Q")),
        ("user:<mailto:alice@example.com|alice@example.com>", named("alice@example.com")),
    ],
)
def test_every_way_to_name_somebody_is_understood(typed: str, target: TargetRef) -> None:
    assert revoke(typed) == Revoke((target,), "")
    assert revoke(f"  {typed}   key leaked \n") == Revoke((target,), "key leaked")
    assert parse(f"status {typed}") == About("status", target=target)


def test_several_targets_make_several_and_the_reason_begins_at_the_first_that_is_none() -> None:
    text = f"<@U0ALICE001|alice>, bob@example.com {ALICE_ID} user:carol key leaked by <@U0BOB00001|bob>"
    command = revoke(text)

    assert command.targets == (
        slack("U0ALICE001"),
        email("bob@example.com"),
        TargetRef(kind="user_id", value=ALICE_ID),
        named("carol"),
    )
    assert command.reason == "key leaked by <@U0BOB00001|bob>"


def test_the_same_target_twice_is_one() -> None:
    assert revoke("<@U0ALICE001> <@U0ALICE001|alice> leaked") == Revoke((slack("U0ALICE001"),), "leaked")


def test_only_the_first_word_may_be_a_bare_user_name() -> None:
    assert revoke("alice bob said so") == Revoke((named("alice"),), "bob said so")


def test_a_reason_keeps_its_lines_and_blanks_and_loses_only_slacks_escapes() -> None:
    text = "<@U0ALICE001> key leaked\n  in R&amp;D:  a &lt; b &amp;gt;\n\tsee *ticket*  "
    assert revoke(text).reason == "key leaked\n  in R&D:  a < b &gt;\n\tsee *ticket*"


@pytest.mark.parametrize("typed", ["", "  \n "])
def test_nothing_typed_asks_whom(typed: str) -> None:
    assert parse(typed) == Whom("Whom? Type `/revoke @alice key leaked`, or `/revoke help`.")


@pytest.mark.parametrize(
    ("typed", "nobody"),
    [
        ("@alice leaked", True),
        ("??? leaked", True),
        ("release ???", True),
        ("lsit", False),
        ("hold", False),
        ("<!channel> leaked", False),
    ],
)
def test_the_directory_is_offered_where_somebody_was_named_and_not_understood(
    typed: str, nobody: bool
) -> None:
    command = parse(typed)
    assert isinstance(command, Wrong)
    assert command.nobody is nobody


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("<!subteam^S0ONCALL01|@oncall> leaked", "A user group is no target"),
        ("<!channel> leaked", "That is no person"),
        ("<!here|here>", "That is no person"),
        ("<#C0SECINC01|sec-inc> leaked", "That is no person"),
        ("@alice leaked", "Slack does not know `@alice` as a person"),
        ("status@", "is no command. Did you mean `/revoke status`"),
        ("staus <@U0ALICE001>", "Did you mean `/revoke status`"),
        ("lsit", "Did you mean `/revoke list`"),
        ("relese <@U0ALICE001>", "Did you mean `/revoke release`"),
        ("hlep", "`/revoke user:hlep`"),
        ("R-7K2M9Q", "R-7K2M9Q is a revocation, not a person: type `/revoke status R-7K2M9Q`"),
        ("r-7k2m9q leaked", "type `/revoke status R-7K2M9Q`"),
        ("??? leaked", "`???` is no target. Type `/revoke @alice key leaked`"),
        ("user: alice", "`user:` is no target"),
        (f"user:{'a' * 129}", "is no target"),
        ("user:a\u00a0b", "no target"),
        ("hold", "Whom? Type `/revoke hold @alice`."),
        ("release ???", "`???` is no target. Type `/revoke release @alice`."),
        ("hold <@U0ALICE001> <@U0BOB00001>", "One at a time: type `/revoke hold <@U0ALICE001>`"),
        ("status <!subteam^S0ONCALL01>", "A user group is no target"),
        ("restore", "Whom? Type `/revoke restore @alice`."),
        ("false-alarm ???", "`???` is no target. Type `/revoke false-alarm @alice`."),
        ("restroe <@U0ALICE001>", "Did you mean `/revoke restore`"),
        ("false-alram <@U0ALICE001>", "Did you mean `/revoke false-alarm`"),
    ],
)
def test_what_is_not_understood_is_answered_with_what_to_type(typed: str, said: str) -> None:
    if typed == "user:a\u00a0b":  # a hard blank ends the target, as any blank does
        assert revoke(typed) == Revoke((named("a"),), "b")
        return
    assert said in wrong(typed)


@pytest.mark.parametrize("letter_case", [str.lower, str.upper, str.title])
def test_the_words_are_known_in_any_letter_case(letter_case: object) -> None:
    case = letter_case
    assert callable(case)
    assert parse(case("help")) == Help()
    assert parse(f"{case('help')} me") == Help()
    assert parse(case("list")) == ListOpen()
    assert parse(f"\u200b{case('status')}") == ListOpen()
    assert parse(f"{case('status')} alice") == About("status", target=named("alice"))
    assert parse(f"{case('hold')} r-7k2m9q") == About("hold", revocation_id="R-7K2M9Q")
    assert parse(f"{case('restore')} alice") == About("restore", target=named("alice"))
    false_alarm = About("false-alarm", revocation_id="R-7K2M9Q", reason="a drill")
    assert parse(f"{case('false-alarm')} r-7k2m9q a drill") == false_alarm
    release = About("release", target=slack("U0ALICE001"), reason="<@U0BOB00001> says false alarm")
    assert parse(f"{case('release')} <@U0ALICE001> <@U0BOB00001> says false alarm") == release


def test_a_handoff_names_who_is_next_and_keeps_the_note_word_for_word() -> None:
    assert parse("handoff") == HandOff()
    assert parse("HandOff <@U0BOB00001|bob>") == HandOff(("U0BOB00001",))
    named_two = "handoff <@U0BOB00001>, <@W0CAROL001|carol>,<@U0BOB00001> key &lt;1&gt;  is\n out"
    assert parse(named_two) == HandOff(("U0BOB00001", "W0CAROL001"), "key <1>  is\n out")
    assert parse("handoff ask <@U0BOB00001> first") == HandOff((), "ask <@U0BOB00001> first")
    assert parse(f"handoff {'x' * NOTE_LIMIT}") == HandOff((), "x" * NOTE_LIMIT)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("handoff <!subteam^S0ONCALL01|@oncall> all quiet", "name its people one by one, or nobody"),
        ("handoff @carol all quiet", "Slack does not know `@carol` as a person"),
        (f"handoff <@U0BOB00001> {'x' * (NOTE_LIMIT + 1)}", f"```/revoke handoff <@U0BOB00001> {'x' * 9}"),
        ("own", "Whom? Type `/revoke own @alice`."),
        ("own alice <@U0BOB00001>", "One at a time: type `/revoke own alice`"),
        ("report ???", "`???` is no target. Type `/revoke report @alice`."),
        ("handof <@U0BOB00001>", "Did you mean `/revoke handoff`"),
    ],
)
def test_a_handoff_that_is_not_understood_is_answered_with_what_to_type(typed: str, said: str) -> None:
    assert said in wrong(typed)


def test_whose_it_becomes_the_report_and_the_drill_are_words_too() -> None:
    assert parse("own alice") == About("own", target=named("alice"))
    assert parse("Own r-7k2m9q") == About("own", revocation_id="R-7K2M9Q")
    assert parse("report <@U0ALICE001>") == About("report", target=slack("U0ALICE001"))
    assert parse("drill") == Drill()
    assert parse("drill  each month &amp; after\n changes ") == Drill("each month & after\n changes")
    assert "500 fit" in wrong(f"drill {'x' * 501}")


def test_an_over_long_reason_is_given_back_whole_with_its_targets() -> None:
    reason = "leaked " * 100
    typed = f"<@U0ALICE001> bob@example.com {reason}end"

    said = wrong(typed)

    assert "The reason has 703 characters and 500 fit. Nothing was recorded" in said
    assert f"```/revoke {typed}```" in said
    assert revoke(f"alice {'x' * 500}").reason == "x" * 500
    assert f"/revoke release alice {'y' * 501}" in wrong(f"release alice {'y' * 501}")


@pytest.mark.parametrize("bad", ["\x00", "\x07", "\x1b[2J", "\x7f", "\x85", "\ud83d"])
def test_control_characters_are_refused_and_the_clean_text_is_given_back(bad: str) -> None:
    said = wrong(f"<@U0ALICE001> key{bad} leaked")
    assert said.startswith("There are control characters in it. Nothing was recorded.")
    assert "/revoke <@U0ALICE001> key" in said
    assert bad not in said
    said.encode()


EMAIL = re.compile(r"[^\s<>@,;:\"`()\[\]\\|]+@[^\s<>@,;:\"`()\[\]\\|]+\.[^\s<>@,;:\"`()\[\]\\|]+")


def fits(target: TargetRef) -> bool:
    """Whether the value is one that its kind can have at all."""
    if target.kind == "slack":
        return target.value == target.slack_id and re.fullmatch(r"[UW][A-Z0-9]{2,}", target.value) is not None
    if target.kind == "user_id":
        return is_user_id(target.value)
    if target.kind == "email":
        return EMAIL.fullmatch(target.value) is not None and len(target.value) <= 254
    seen = all(unicodedata.category(c)[0] in "LMSNP" for c in target.value)
    return seen and 1 <= len(target.value) <= 128


PIECES = [
    *["<@U0ALICE001|alice>", "<@U1>", "<@u0alice001>", "<@U0ALICE001", "@alice", "alice@example.com", "a@b"],
    *[
        "<mailto:x@y.zz|x@y.zz>",
        "<mailto:|>",
        "mailto:",
        "user:",
        "user:status",
        "user:\u202ealice",
        ALICE_ID,
    ],
    *[
        ALICE_ID.upper(),
        f"{SESSION}/alice",
        f"{SESSION}/",
        f"{SESSION}/<mailto:a@b.cc|a>",
        "arn:aws:sts::1:x",
    ],
    *["<!subteam^S1|@x>", "<!here>", "<#C1|c>", "status", "hold", "release", "list", "help", "stauts"],
    *[
        "R-7K2M9Q",
        "r-7k2m9q",
        "&amp;",
        "&lt;@U0ALICE001&gt;",
        "&#0;",
        "``",
        "`",
        "*",
        "~",
        "_",
        "\n",
        "\t",
        "  ",
    ],
    *[
        "\u200b",
        "\u202e",
        "\ufeff",
        "\u2028",
        "\x00",
        "\x1b",
        "\ud800",
        "é",
        "e\u0301",
        "👩‍💻",
        "١٢٣",
        "İ",
        "ß",
    ],
    *["a" * 200, "," * 9, ";", ":", "|", "<", ">", "<>", "@", "@@", ".", "key leaked"],
]


def test_twenty_thousand_texts_never_raise_and_never_name_what_cannot_be() -> None:
    dice = random.Random(20_000)
    kinds = dict.fromkeys(("slack", "email", "user_name", "user_id"), 0)
    for _ in range(20_000):
        glue = dice.choice(["", " ", " ", " "])
        text = glue.join(dice.choice(PIECES) for _ in range(dice.randint(0, 6)))
        command = parse(text)
        targets: tuple[TargetRef, ...] = ()
        if isinstance(command, Revoke):
            targets = command.targets
            assert targets
            assert len(command.reason) <= 500
        elif isinstance(command, About):
            targets = (command.target,) if command.target else ()
            assert (command.target is None) != (command.revocation_id is None)
        elif isinstance(command, Wrong):
            assert command.sentence.encode()
        for target in targets:
            assert fits(target), (text, target)
            kinds[target.kind] += 1
    assert all(count > 200 for count in kinds.values()), kinds


@settings(max_examples=300)
@given(st.text(max_size=40))
def test_any_text_after_a_target_is_its_reason_word_for_word(reason: str) -> None:
    command = parse(f"<@U0ALICE001> why: {reason}")
    if isinstance(command, Revoke):
        assert (
            command.reason.split()
            == f"why: {reason}".replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").split()
        )
