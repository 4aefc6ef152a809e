"""The report as a JSON document, for scripts and for the file of an incident. Pure.

Keys: `v` (1), `id`, `drill`, `state`, `standing`, `made_at`, `clock` (`redis`: whose time all of these are, save the `done_at`
that somebody attests), `target` (`name`, `user_name`, `user_id`, `email`), `owner`, `reasons` (`text`, `by`, `at`),
`durations` (`asked_to_card`, `card_to_confirmed`, `confirmed_to_written`, `asked_to_written`, `asked_to_no_access`,
`written_to_off`, each `begins`, `ends` and `seconds`), `follow_ups` (`kind`, `state`, `gone`, `total`, `ended_at`,
`seconds_after_the_denial`, `attested` (`by`, `at`, `done_by`, `done_at`, `link`), `leaves`, `detail`), `coverage`
(`read_at`, `attached`, `reachable`, `covered`, `uncovered`, `unread`), `open` (`what`, `owner`, `due_at`), `people` (what
each did: `did`, `by`, `at`, `step`, `reason`), `owners` (`at`, `before`, `after`, `by`), `timeline` (`seq`, `at`, `by`,
`event`, `words`, `step`, `reason`, `request_id`, `items` (`name`, `request_id`, `failed`)), `left_out`, `by_phone`
(`to_person`, `to_manager`), `evidence` (`entry`, `signature`, `digest`). Whoever did or owns something is `kind`, `id` and
`name`. Times are ISO 8601 in UTC. What is not known is null, never a guess. Texts are as they came: whoever shows them
escapes them.
"""

from typing import Any

from workers.cards import by_phone, open_list, phrase
from workers.cards.event_words import words
from workers.domain.actor import Actor
from workers.domain.report import Happening, Passing, Report, Span
from workers.domain.revocation import Revocation
from workers.domain.step import Step

VERSION = 1


def as_json(report: Report) -> dict[str, Any]:
    """Only what JSON can hold."""
    revocation = report.revocation
    said = by_phone.sentences(revocation)
    return {
        "v": VERSION,
        "id": revocation.id,
        "drill": revocation.drill,
        "state": revocation.state.value,
        "standing": phrase.standing(revocation),
        "made_at": report.made_at.isoformat(),
        "clock": "redis",
        "target": _target(revocation),
        "owner": _who(revocation.owner),
        "reasons": [{"text": r.text, "by": _who(r.by), "at": r.at.isoformat()} for r in revocation.reasons],
        "durations": {span.what: _span(span) for span in report.spans},
        "follow_ups": [_step(step, report) for step in revocation.steps],
        "coverage": _coverage(revocation),
        "open": [
            {"what": open_list.what(item), "owner": _who(item.owner), "due_at": _time(item.due_at)}
            for item in report.open
        ],
        "people": [_deed(happening) for happening in report.deeds],
        "owners": [_passing(passing) for passing in report.passings],
        "timeline": [_happening(happening) for happening in report.happenings],
        "left_out": report.left_out,
        "by_phone": {"to_person": said.to_person, "to_manager": said.to_manager},
        "evidence": {
            "entry": revocation.seq,
            "signature": revocation.mac,
            "digest": str(report.digest) if report.digest else None,
        },
    }


def _target(revocation: Revocation) -> dict[str, Any]:
    user = revocation.user
    return {
        "name": revocation.who,
        "user_name": user.user_name if user else None,
        "user_id": user.user_id if user else None,
        "email": user.email if user else None,
    }


def _span(span: Span) -> dict[str, Any]:
    return {"begins": _time(span.begins), "ends": _time(span.ends), "seconds": _seconds(span)}


def _step(step: Step, report: Report) -> dict[str, Any]:
    said = step.attested
    attested = said and {
        "by": _who(said.by),
        "at": said.at.isoformat(),
        "done_by": said.done_by,
        "done_at": said.done_at.isoformat(),
        "link": said.link,
    }
    return {
        "kind": step.kind.value,
        "state": step.state.value,
        "gone": step.gone,
        "total": step.total,
        "ended_at": _time(step.ended_at),
        "seconds_after_the_denial": _seconds(report.span(step.kind.value)),
        "attested": attested,
        "leaves": list(step.residual),
        "detail": step.detail,
    }


def _coverage(revocation: Revocation) -> dict[str, Any] | None:
    coverage = revocation.coverage
    if coverage is None:
        return None
    return {
        "read_at": coverage.read_at.isoformat(),
        "attached": coverage.attached,
        "reachable": coverage.reachable,
        "covered": coverage.covered,
        "uncovered": list(coverage.uncovered),
        "unread": list(coverage.unread),
    }


def _deed(happening: Happening) -> dict[str, Any]:
    return {
        "did": happening.event,
        "by": _who(happening.by),
        "at": happening.at.isoformat(),
        "step": happening.step,
        "reason": happening.reason,
    }


def _passing(passing: Passing) -> dict[str, Any]:
    return {
        "at": passing.at.isoformat(),
        "before": _who(passing.before),
        "after": _who(passing.after),
        "by": _who(passing.by),
    }


def _happening(happening: Happening) -> dict[str, Any]:
    return {
        "seq": happening.seq,
        "at": happening.at.isoformat(),
        "by": _who(happening.by),
        "event": happening.event,
        "words": words(happening),
        "step": happening.step,
        "reason": happening.reason,
        "request_id": happening.request_id,
        "items": [
            {"name": piece.name, "request_id": piece.request_id, "failed": piece.failed}
            for piece in happening.pieces
        ],
    }


def _who(actor: Actor | None) -> dict[str, str] | None:
    return {"kind": actor.kind, "id": actor.id, "name": actor.name} if actor else None


def _time(time: Any) -> str | None:
    return time.isoformat() if time is not None else None


def _seconds(span: Span) -> float | None:
    return span.took.total_seconds() if span.took is not None else None
