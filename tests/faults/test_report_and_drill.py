"""A report and a drill through everything that can happen in between: asked twice, died in the middle, Slack away."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.scripted import ALICE, Killed, Scripted, denied, scripted, who
from tests.unit import make
from workers.domain.actor import SYSTEM
from workers.domain.errors import Refused, SlackAway, SlackRefused, UnreadableRecord
from workers.domain.revocation import Note, Revocation, State, TargetRef
from workers.ports import Change, Document, Message
from workers.service import containment, identification, intake, reporting, telling
from workers.service.intake import Request
from workers.service.world import World


def nothing(what: str) -> None:
    """Slack takes everything."""


@dataclass
class Thread:
    """A channel that remembers; `before` and `after` are asked at each call: they may raise."""

    before: Callable[[str], None] = nothing
    after: Callable[[str], None] = nothing
    said: list[str] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    files: list[tuple[Document, ...]] = field(default_factory=list)

    def post(self, channel: str, message: Message) -> str:
        return "1.0"

    def update(self, channel: str, ts: str, message: Message) -> None: ...

    def reply(self, channel: str, ts: str, message: Message, *, broadcast: bool) -> None:
        self._call("reply", lambda: self.said.append(message.text))

    def share(self, channel: str, ts: str, documents: tuple[Document, ...]) -> None:
        self._call("share", lambda: self.files.append(tuple(documents)))

    def tell(self, slack_id: str, message: Message) -> None:
        self._call("tell", lambda: self.told.append((slack_id, message.text)))

    def _call(self, what: str, do: Callable[[], None]) -> None:
        self.before(what)
        do()
        self.after(what)

    @property
    def reports(self) -> list[str]:
        return [text for text in self.said if " · Report. " in text]


@dataclass
class Scene:
    aws: Scripted
    world: World
    thread: Thread
    id: str

    def show(self) -> None:
        """As often as it takes; a pause that Slack asked for is over."""
        for _ in range(3):
            self.aws.world.store._redis.delete("revoke:slack-pause")  # type: ignore[attr-defined]
            telling.show(self.world, self.id)

    def waits(self) -> set[str]:
        return {note.kind for note in self.aws.record(self.id).notes}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Alice, denied, with everything told so far."""
    with scripted(tmp_path) as aws:
        thread = Thread()
        made = Scene(aws, replace(aws.world, channel=thread), thread, denied(aws.world))
        made.show()
        thread.said.clear()
        yield made


def once(error: BaseException, what: str) -> Callable[[str], None]:
    left = [error]

    def script(call: str) -> None:
        if call == what and left:
            raise left.pop()

    return script


def test_a_report_is_a_message_and_two_files(scene: Scene) -> None:
    intake.ask_report(scene.world.store, who("UCAROL"), scene.id)
    scene.show()

    assert len(scene.thread.reports) == 1
    [(markdown, document)] = scene.thread.files
    assert (markdown.name, document.name) == (f"report-{scene.id}.md", f"report-{scene.id}.json")
    assert f"# Report on {scene.id}" in markdown.text
    assert json.loads(document.text)["v"] == 1
    assert json.loads(document.text)["durations"]["confirmed_to_written"]["seconds"] >= 0
    assert "report_asked" in scene.aws.events(scene.id)
    assert not scene.waits() & {"report", "report_files"}


def test_asked_twice_before_it_comes_it_comes_once_and_asked_again_it_comes_again(scene: Scene) -> None:
    for _ in range(2):
        intake.ask_report(scene.world.store, who("UCAROL"), scene.id)
    scene.show()
    assert (len(scene.thread.reports), len(scene.thread.files)) == (1, 1)

    intake.ask_report(scene.world.store, who("UDAN"), scene.id)
    scene.show()
    assert (len(scene.thread.reports), len(scene.thread.files)) == (2, 2)


def test_while_a_long_log_is_read_the_cards_lock_is_kept(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, kept = scene.world.store.log, list[bool]()

    def slow(record_id: str) -> Any:
        kept.append(any(thread.name == "lock-keeper" for thread in threading.enumerate()))
        return read(record_id)

    monkeypatch.setattr(scene.world.store, "log", slow)
    intake.ask_report(scene.world.store, who("UCAROL"), scene.id)
    scene.show()
    assert kept
    assert all(kept)


def test_what_dies_before_the_files_are_there_brings_them_later_and_the_message_not_again(
    scene: Scene,
) -> None:
    scene.thread.before = once(Killed(), "share")
    intake.ask_report(scene.world.store, who("UCAROL"), scene.id)
    with pytest.raises(Killed):
        telling.show(scene.world, scene.id)
    assert "report_files" in scene.waits()
    assert scene.thread.files == []
    scene.show()
    assert (len(scene.thread.reports), len(scene.thread.files)) == (1, 1)


def test_while_slack_is_away_the_report_waits(scene: Scene) -> None:
    def away(call: str) -> None:
        raise SlackAway("Slack did not answer.")

    scene.thread.before = away
    intake.ask_report(scene.world.store, who("UCAROL"), scene.id)
    scene.show()
    assert {"report", "report_files"} <= scene.waits()
    scene.thread.before = nothing
    scene.show()
    assert (len(scene.thread.reports), len(scene.thread.files)) == (1, 1)


def test_where_only_the_host_for_files_is_out_of_reach_nothing_waits_for_it(scene: Scene) -> None:
    def no_files(call: str) -> None:
        if call == "share":
            raise SlackAway("Slack did not answer (URLError).")

    scene.thread.before = no_files
    intake.ask_report(scene.world.store, who("UCAROL"), scene.id)
    telling.show(scene.world, scene.id)
    assert "(no answer)" in scene.thread.said[-1]
    assert not scene.waits()
    assert scene.world.store.marked("slack_away") is None


def test_what_dies_right_after_it_was_posted_is_posted_again_rather_than_lost(scene: Scene) -> None:
    scene.thread.after = once(Killed(), "share")
    intake.ask_report(scene.world.store, who("UCAROL"), scene.id)
    with pytest.raises(Killed):
        telling.show(scene.world, scene.id)
    scene.show()
    assert (len(scene.thread.reports), len(scene.thread.files)) == (1, 2)


@pytest.mark.parametrize("code", ["missing_scope", "file_uploads_disabled", "posting_to_channel_denied"])
def test_where_slack_takes_no_files_the_text_goes_out(scene: Scene, code: str) -> None:
    scene.thread.before = once(SlackRefused(code), "share")
    intake.ask_report(scene.world.store, who("UCAROL"), scene.id)
    scene.show()
    assert scene.thread.files == []
    assert f"python -m workers report {scene.id}" in scene.thread.said[-1]
    assert ("files:write" in scene.thread.said[-1]) == (code == "missing_scope")
    assert not scene.waits()


def test_where_the_target_reads_the_channel_whoever_asked_hears_it_alone(scene: Scene) -> None:
    scene.aws.edit(scene.id, lambda record: replace(record, channel_shared=True))
    intake.ask_report(scene.world.store, who("UCAROL"), scene.id)
    scene.show()
    assert (scene.thread.reports, scene.thread.files) == ([], [])
    [(asker, text)] = scene.thread.told
    assert asker == "UCAROL"
    assert f"`python -m workers report {scene.id}` at a terminal" in text


def test_who_asked_and_was_denied_before_it_came_does_not_hear_it(scene: Scene) -> None:
    scene.aws.edit(scene.id, lambda record: replace(record, channel_shared=True))
    intake.ask_report(scene.world.store, who("UCAROL"), scene.id)
    carol = TargetRef(kind="slack", value="UCAROL", slack_id="UCAROL")

    def suspected(fresh: str, now: datetime) -> Change:
        made = replace(scene.aws.record(scene.id), id=fresh, seq=0, target=carol, user=None, notes=())
        return Change(record=made, event="made", actor=SYSTEM)

    scene.world.store.create(suspected)
    scene.show()
    assert (scene.thread.reports, scene.thread.told, scene.thread.files) == ([], [], [])
    assert not scene.waits()


@pytest.mark.parametrize("who_", ["denied", "the target"])
def test_nobody_hears_alone_of_a_revocation_who_is_denied_by_then_or_its_target(
    scene: Scene, who_: str
) -> None:
    """Their Slack account may be the attacker's."""
    gaps = Note(kind="gaps", at=scene.world.store.now(), to="UCAROL")
    scene.aws.edit(scene.id, lambda record: replace(record, channel_shared=True).noting(gaps))
    intake.ask_report(scene.world.store, who("UCAROL"), scene.id)
    carol = TargetRef(kind="slack", value="UCAROL", slack_id="UCAROL")
    if who_ == "denied":
        hers = scene.world.store.create(
            lambda fresh, now: Change(
                record=make.denied(id=fresh, seq=0, target=carol, user=None), event="set_up", actor=SYSTEM
            )
        )
        assert hers.state is State.DENIED
    else:
        scene.aws.edit(scene.id, lambda record: replace(record, target=carol))
    scene.show()
    assert scene.thread.told == []
    assert scene.thread.reports == []
    assert not scene.waits() & {"gaps", "report", "report_files"}
    assert "dropped_gaps" in scene.aws.events(scene.id)


def test_a_log_that_is_not_whole_gives_no_report_and_stops_no_other_note(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(record_id: str) -> Any:
        raise UnreadableRecord(f"{record_id}: entry 3 does not follow the one before it.")

    intake.ask_report(scene.world.store, who("UCAROL"), scene.id)
    intake.hold(scene.world.store, who("UCAROL"), scene.id, scene.world.rules.timing)
    monkeypatch.setattr(scene.world.store, "log", broken)
    scene.show()
    assert len([text for text in scene.thread.said if "there is no report" in text]) == 1
    assert any("holds" in text for text in scene.thread.said)
    assert scene.thread.files == []
    assert not scene.waits()


@pytest.mark.parametrize("drawn", ["report", "markdown"])
def test_a_log_that_we_cannot_draw_a_report_from_holds_no_other_note_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, drawn: str
) -> None:
    def broken(*_: object) -> Any:
        raise KeyError("an entry of another version")

    intake.ask_report(scene.world.store, who("UCAROL"), scene.id)
    intake.hold(scene.world.store, who("UCAROL"), scene.id, scene.world.rules.timing)
    monkeypatch.setattr(reporting, drawn, broken)
    scene.show()
    scene.show()
    said = [text for text in scene.thread.said if "Something broke" in text]
    assert len(said) == (2 if drawn == "report" else 1)
    assert "are no files of the report" in said[-1]
    assert all(f"`python -m workers show {scene.id}`" in text for text in said)
    assert any("holds" in text for text in scene.thread.said)
    assert not scene.waits()


def test_only_a_responder_or_an_approver_gets_one(scene: Scene) -> None:
    nobody = replace(who("UCAROL"), responder=False, approver=False)
    with pytest.raises(Refused):
        intake.ask_report(scene.world.store, nobody, scene.id)
    assert intake.ask_report(scene.world.store, replace(nobody, approver=True), scene.id).notes


def test_a_report_of_what_has_ended_comes_too(scene: Scene) -> None:
    scene.aws.edit(scene.id, lambda record: replace(record, state=State.CLOSED))
    intake.ask_report(scene.world.store, who("UCAROL"), scene.id)
    scene.show()
    assert len(scene.thread.files) == 1


# ---------------------------------------------------------------- drills


def drill(scene: Scene, name: str = "UCAROL", reason: str = "") -> Revocation:
    return intake.drill(scene.world.store, who(name), ALICE, reason, channel="C0SECINC01").revocation


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Scene]:
    with scripted(tmp_path, drill_user=ALICE) as aws:
        thread = Thread()
        yield Scene(aws, replace(aws.world, channel=thread), thread, "")


def test_a_drill_is_walked_like_an_incident_and_says_at_its_end_how_long_each_part_took(fresh: Scene) -> None:
    store = fresh.world.store
    assert intake.last_drill(store, store.now()) is None
    fresh.id = drill(fresh, reason="quarterly").id
    identification.identify(fresh.world, fresh.id)
    fresh.show()
    intake.confirm(store, who("UCAROL"), fresh.id, None)
    containment.contain(fresh.world, fresh.id)
    fresh.show()
    assert any(" · Denied" in text and "(drill, " in text for text in fresh.thread.said)
    half = intake.last_drill(store, store.now())
    assert half is not None
    assert not half.to_the_end

    intake.ask_release(store, who("UCAROL"), fresh.id, "done")
    with pytest.raises(Refused):
        intake.approve(store, who("UCAROL"), fresh.id)
    intake.approve(store, who("UDAN"), fresh.id)
    containment.contain(fresh.world, fresh.id)
    fresh.show()

    [done] = [text for text in fresh.thread.said if "Drill done:" in text]
    assert " s after Deny now" in done
    assert "off the list 0." in done or "off the list " in done
    proof = intake.last_drill(store, store.now())
    assert proof is not None
    assert (proof.revocation_id, proof.by.id, proof.to_the_end) == (fresh.id, "UCAROL", True)
    assert fresh.aws.policy.denied == frozenset()
    assert intake.deny_again(store, who("UDAN"), fresh.id, None).drill


def test_of_an_incident_nobody_says_that_it_was_a_drill(scene: Scene) -> None:
    intake.ask_release(scene.world.store, who("UCAROL"), scene.id, "")
    intake.approve(scene.world.store, who("UDAN"), scene.id)
    containment.contain(scene.world, scene.id)
    scene.show()
    assert any("Released" in text for text in scene.thread.said)
    assert not [text for text in scene.thread.said if "drill" in text.casefold()]


def test_a_second_drill_finds_the_first(fresh: Scene) -> None:
    assert drill(fresh).id == drill(fresh, "UDAN").id


def test_denied_by_name_the_test_user_is_no_drill(fresh: Scene) -> None:
    fresh.id = drill(fresh).id
    fresh.aws.edit(fresh.id, lambda record: replace(record, state=State.CLOSED))
    assert not fresh.aws.record(denied(fresh.world)).drill


@pytest.mark.parametrize("reason", ["key leaked", ""])
def test_a_drill_that_somebody_asks_for_in_earnest_is_none_any_more(fresh: Scene, reason: str) -> None:
    fresh.id = drill(fresh).id
    named = Request(targets=(TargetRef(kind="user_id", value=ALICE),), reason=reason, channel="C0SECINC01")
    for _ in range(2):
        [asked] = intake.ask(fresh.world.store, who("UDAN"), named)
    identification.identify(fresh.world, fresh.id)
    fresh.show()
    assert (asked.joined, asked.revocation.id) == (True, fresh.id)
    assert not fresh.aws.record(fresh.id).drill
    assert len([text for text in fresh.thread.said if "No drill any more: UDAN" in text]) == 1
    assert not drill(fresh).drill, "and a drill that finds an incident does not make one of it"


def test_asked_for_by_another_name_a_drill_is_none_any_more_either(fresh: Scene) -> None:
    fresh.id = drill(fresh).id
    identification.identify(fresh.world, fresh.id)
    mail = Request(
        targets=(TargetRef(kind="email", value="alice@x.example"),), reason="", channel="C0SECINC01"
    )
    [other] = intake.ask(fresh.world.store, who("UDAN"), mail)
    fresh.world.store.change(fresh.id, identification._adding(other.revocation))
    assert not fresh.aws.record(fresh.id).drill


def test_an_expired_drill_that_is_asked_for_again_is_one(fresh: Scene) -> None:
    fresh.id = drill(fresh).id
    fresh.aws.edit(fresh.id, lambda record: replace(record, state=State.EXPIRED))
    again = intake.retry(fresh.world.store, who("UDAN"), fresh.id)
    assert again.id != fresh.id
    assert again.drill


def test_without_a_test_user_there_is_no_drill_and_the_answer_says_which_setting(fresh: Scene) -> None:
    for user in (None, "", "two words"):
        with pytest.raises(Refused, match="REVOKE_DRILL_USER"):
            intake.drill(fresh.world.store, who("UCAROL"), user, "", channel="C0SECINC01")
    assert fresh.world.store.open() == []


def test_an_approver_alone_cannot_begin_one(fresh: Scene) -> None:
    approver = replace(who("UCAROL"), responder=False)
    with pytest.raises(Refused):
        intake.drill(fresh.world.store, approver, ALICE, "", channel="C0SECINC01")


def test_a_drill_behind_two_hundred_others_is_found_and_one_too_long_ago_is_not(fresh: Scene) -> None:
    store = fresh.world.store
    fresh.id = drill(fresh).id
    written = store.now()
    fresh.aws.edit(fresh.id, lambda r: replace(r, state=State.RELEASED, written_at=written, off_at=written))
    ended = replace(fresh.aws.record(fresh.id), drill=False)
    for _ in range(205):
        store.create(
            lambda new, now: Change(record=replace(ended, id=new, seq=0), event="made", actor=SYSTEM)
        )

    assert fresh.id not in {revocation.id for revocation in store.ended(200)}
    found = intake.last_drill(store, store.now())
    assert found is not None
    assert found.revocation_id == fresh.id
    assert intake.last_drill(store, store.now() + timedelta(days=101)) is None
