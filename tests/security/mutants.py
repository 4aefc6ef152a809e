"""Guards that are taken out one at a time, each with the test that must notice.

A line here says: without this guard that test fails. `test_mutants.py` checks that each still names real code and a
real test; `python -m tests.security` takes each out in a copy of the project and runs its test.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """`old` stands exactly once in `path`; with `new` in its place `test` fails."""

    path: str
    old: str
    new: str
    test: str


_DOCUMENT = "workers/domain/deny_document.py"
_DOCUMENT_TEST = "tests/unit/test_deny_document.py::"
_SHAPE = f"{_DOCUMENT_TEST}test_a_statement_of_any_other_shape_is_refused_alone_and_beside_ours"
_CLEARANCE = "workers/domain/clearance.py"
_CLEARANCE_TEST = "tests/unit/test_clearance.py::"
_OFF_ONLY = (
    f"{_CLEARANCE_TEST}test_it_comes_off_only_with_no_access_an_old_notice_no_hold_and_agreeing_clocks"
)
_RELEASING = "workers/service/intake/releasing.py"
_RELEASING_TEST = "tests/unit/test_releasing.py::"
_AUTHORITY = "workers/service/intake/authority.py"
_SAME_PERSON = "workers/domain/same_person.py"
_NO_SAY = "tests/security/test_target_has_no_say.py::"
_REVOKED = "tests/security/test_revoked_responder.py::"
_LOG = "workers/adapters/audit_log.py"
_LOG_TEST = "tests/unit/test_audit_log.py::"
_JOBS = "workers/adapters/job_queue.py"
_JOBS_TEST = "tests/contract/test_job_queue.py::"
_TWO = "workers/service/intake/two_people.py"
_DENY_AGAIN = "workers/service/intake/denying_again.py"
_RATIFYING = "workers/service/intake/ratifying.py"
_CONFIRMATIONS = "workers/domain/confirmations.py"
_CAPS_TEST = "tests/security/test_caps.py::"
_PROTECTED_TEST = "tests/security/test_protected.py::"
_DOOR_TEST = "tests/security/test_front_door.py::"
_PEOPLE_TEST = "tests/security/test_people.py::"
_ORIGIN = "bot/origin.py"
_AUDIT_TEST = "tests/security/test_audit.py::"
_TAMPERED = f"{_AUDIT_TEST}test_tampered_exports_are_found_at_the_first_bad_entry"
_ENTRY = "workers/domain/audit_entry.py"
_TRAIL = "workers/domain/audit_trail.py"
_OTHER_APP = f"{_DOOR_TEST}test_another_app_and_another_workspace_are_turned_away_in_words"
_BELIEVING = "workers/service/believing.py"
_RECHECKING = "workers/service/rechecking.py"
_WITNESSED = "workers/domain/witnessed.py"
_WITNESSED_TEST = "tests/unit/test_witnessed.py::"
_TAKING_OVER = "workers/service/intake/taking_over.py"
_HANDING_OVER_TEST = "tests/unit/test_handing_over.py::"
_HOSTILE = "tests/security/test_hostile_redis.py::"
_AGAIN = "tests/security/test_checked_again.py::"
_HANDING_OVER = "workers/service/handing_over.py"
_SHIFTS = "tests/faults/test_shifts.py::"
_PRIVATE = "tests/security/test_private_surfaces.py::"
_MATRIX = f"{_PEOPLE_TEST}test_only_members_with_rights_pass"

MUTANTS = (
    # The policy: ours is of one exact shape, and nobody else's is touched.
    Mutant(_DOCUMENT, 'and statement["Effect"] == "Deny"', "and True", _SHAPE),
    Mutant(_DOCUMENT, 'and statement["Action"] in ("*", ["*"])', "and True", _SHAPE),
    Mutant(_DOCUMENT, 'and statement["Resource"] in ("*", ["*"])', "and True", _SHAPE),
    Mutant(_DOCUMENT, 'list(condition) != ["StringEquals"]', '"StringEquals" not in condition', _SHAPE),
    Mutant(_DOCUMENT, "or len(operands) != 1", "", _SHAPE),
    Mutant(_DOCUMENT, "if len(ours) != 1:", "if not ours:", f"{_DOCUMENT_TEST}test_two_of_ours_are_refused"),
    Mutant(
        _DOCUMENT,
        "    if strangers:",
        "    if False:",
        f"{_DOCUMENT_TEST}test_any_other_use_of_the_key_is_refused",
    ),
    Mutant(
        _DOCUMENT,
        "    if _uses_our_key(beside):",
        "    if False:",
        f"{_DOCUMENT_TEST}test_the_key_outside_of_the_statements_is_refused",
    ),
    Mutant(
        _DOCUMENT,
        "    if len(set(keys)) != len(keys):",
        "    if False:",
        f"{_DOCUMENT_TEST}test_a_text_that_is_no_plain_policy_is_refused",
    ),
    Mutant(
        _DOCUMENT,
        "        if not is_user_id(user_id):",
        "        if False:",
        f"{_DOCUMENT_TEST}test_what_is_no_user_id_is_never_rendered",
    ),
    Mutant(
        _DOCUMENT,
        "[*wanted, PLACEHOLDER])",
        "wanted or [PLACEHOLDER])",
        f"{_DOCUMENT_TEST}test_the_placeholder_comes_back_where_somebody_took_it_out",
    ),
    # The 12 hours: proof, time, hold, clocks, notice.
    Mutant(
        _CLEARANCE,
        "        None if access else _time_gate(revocation, timing, now),\n",
        "",
        f"{_CLEARANCE_TEST}test_it_comes_off_at_its_time_and_not_a_microsecond_before",
    ),
    Mutant(_CLEARANCE, "        _hold_gate(revocation),\n", "", _OFF_ONLY),
    Mutant(_CLEARANCE, "        _clock_gate(now, aws_time),\n", "", _OFF_ONLY),
    Mutant(
        _CLEARANCE,
        "    if not good:\n        return None\n",
        "    if not good:\n        return since\n",
        f"{_CLEARANCE_TEST}test_access_seen_again_restarts_the_clock_and_voids_the_notice",
    ),
    Mutant(
        _CLEARANCE,
        "reach.none_left and not _removing(revocation)",
        "reach.none_left",
        f"{_CLEARANCE_TEST}test_access_counts_as_gone_only_once_every_removal_has_ended",
    ),
    Mutant(
        _CLEARANCE,
        "reach.read_at if _unseen(revocation, reach) else since or reach.read_at",
        "since or reach.read_at",
        f"{_CLEARANCE_TEST}test_after_two_hours_without_any_reading_both_clocks_start_anew",
    ),
    Mutant(
        _CLEARANCE,
        "max(earliest, revocation.notice_at + timing.notice)",
        "earliest",
        _OFF_ONLY,
    ),
    # A release takes two people, for what both saw, and while both may.
    Mutant(
        _RELEASING,
        "        if same_person(request.asked_by, who.actor):",
        "        if False:",
        f"{_RELEASING_TEST}test_whoever_asked_cannot_approve",
    ),
    Mutant(
        _RELEASING,
        "    if is_denied(store, request.asked_by):",
        "    if False:",
        f"{_RELEASING_TEST}test_a_request_of_somebody_denied_meanwhile_is_void",
    ),
    Mutant(
        _RELEASING,
        "    if lapsed(request, now):",
        "    if False:",
        f"{_RELEASING_TEST}test_a_request_of_yesterday_is_no_longer_approved_and_makes_room_for_a_new_one",
    ),
    Mutant(
        _RELEASING,
        "    if list_seen is not None and list_seen != waiting:",
        "    if False:",
        f"{_RELEASING_TEST}test_what_was_not_shown_is_not_approved",
    ),
    Mutant(
        _SAME_PERSON,
        "        return bool(set(one.id.split()) & set(other.id.split()))",
        "        return one.id == other.id",
        "tests/unit/test_same_person.py::test_at_terminals_the_same_caller_or_the_same_os_user_is_one_person",
    ),
    # The target has no say, nor whoever is revoked, under any of their names; their word falls with them.
    Mutant(
        _AUTHORITY,
        "    if is_target(who.actor, current):",
        "    if False:",
        f"{_NO_SAY}test_no_use_case_is_open_to_the_target_whatever_became_of_them",
    ),
    Mutant(
        _AUTHORITY,
        "    if states:",
        "    if False:",
        f"{_NO_SAY}test_no_use_case_is_open_to_whoever_is_revoked",
    ),
    Mutant(
        _AUTHORITY,
        "State.RELEASING, State.WATCHED})",
        "State.RELEASING})",
        f"{_NO_SAY}test_no_use_case_is_open_to_whoever_is_revoked",
    ),
    Mutant(
        _AUTHORITY,
        "OPEN = frozenset({*ON_THE_LIST,",
        "OPEN = frozenset({*ON_THE_LIST, State.REQUESTED,",
        f"{_NO_SAY}test_a_request_that_nobody_confirmed_takes_no_rights_away",
    ),
    Mutant(
        _AUTHORITY,
        "    if names_typed(target) & names_of(who.actor):",
        "    if False:",
        f"{_NO_SAY}test_whoever_types_their_own_email_is_refused_before_anybody_looks_them_up",
    ),
    Mutant(
        _SAME_PERSON,
        "return _names(actor.id, actor.email)",
        "return _names(actor.id)",
        f"{_NO_SAY}test_somebody_is_the_target_by_any_name_that_both_have",
    ),
    Mutant(
        _SAME_PERSON,
        " or bool(names_of(one) & names_of(other))",
        "",
        f"{_NO_SAY}test_who_sits_at_a_terminal_under_their_email_is_the_same_person_in_slack",
    ),
    Mutant(
        "workers/service/restore/giving.py",
        " and not running.stopped and not _no_say(world, running)",
        "",
        f"{_REVOKED}test_a_restore_under_way_gives_nothing_more_back",
    ),
    Mutant(
        "workers/service/intake/stepping.py",
        "    changed = clearance.unnoticed(current)\n    if current.state is State.RELEASING",
        "    changed = current\n    if current.state is State.RELEASING",
        f"{_REVOKED}test_the_proof_that_rests_on_it_falls_with_it",
    ),
    Mutant(
        "bot/pressed.py",
        "    if not deeds or",
        "    if",
        f"{_REVOKED}test_a_click_on_such_a_row_counts_on_the_live_card_that_lists_the_deed_alone",
    ),
    # The log: signed, chained, of this revocation, of a version we know.
    Mutant(
        _LOG,
        'if entry.get("seq") != seq or entry.get("prev") != before.mac:',
        "if False:",
        f"{_LOG_TEST}test_a_thousand_tamperings_are_each_found_at_the_first_bad_entry",
    ),
    Mutant(
        _LOG,
        'if entry.get("v") not in (VERSION, VERSION - 1, VERSION + 1):',
        "if False:",
        f"{_LOG_TEST}test_a_version_that_is_not_a_neighbour_is_held_and_not_guessed",
    ),
    Mutant(
        _LOG,
        'if entry.get("id") != record_id:',
        "if False:",
        f"{_LOG_TEST}test_a_record_of_another_key_another_revocation_or_no_json_is_unreadable",
    ),
    # The queue: only our functions, on an id, without callbacks.
    Mutant(
        _JOBS,
        "or name not in _ALLOWED:",
        "or False:",
        f"{_JOBS_TEST}test_after_every_forged_job_the_worker_serves_the_next_one",
    ),
    Mutant(
        _JOBS,
        "if not plain or not _ARGUMENT.fullmatch(str(arguments[0])):",
        "if False:",
        f"{_JOBS_TEST}test_after_every_forged_job_the_worker_serves_the_next_one",
    ),
    # Containment: caps, the second person, protected users, ratification.
    Mutant(
        _TWO,
        "    if why is not None:\n        return voted",
        "    if False:\n        return voted",
        f"{_CAPS_TEST}test_the_sixth_in_ten_minutes_by_one_person_takes_a_second",
    ),
    Mutant(
        _TWO,
        "    if same_person(vote.by, actor):",
        "    if False:",
        f"{_CAPS_TEST}test_the_one_who_voted_is_told_that_another_must",
    ),
    Mutant(
        _TWO,
        "is_denied(store, vote.by) or not",
        "not",
        f"{_CAPS_TEST}test_the_vote_of_one_who_is_denied_by_now_is_void_and_the_next_is_a_first_vote",
    ),
    Mutant(
        _TWO,
        " or not still_responder(vote.by) else",
        " else",
        f"{_CAPS_TEST}test_the_vote_of_one_who_is_no_responder_any_more_is_void",
    ),
    Mutant(
        _TWO,
        "approvers_too=vote is not None",
        "approvers_too=True",
        f"{_CAPS_TEST}test_an_approver_who_is_no_responder_can_be_the_second_but_not_the_first",
    ),
    Mutant(
        _TWO,
        "[*store.open(), *store.ended_since(now - span)]",
        "[*store.open(), *store.ended(20)]",
        f"{_CAPS_TEST}test_what_has_ended_since_counts_all_the_same",
    ),
    Mutant(
        _TWO,
        "        if current.protected and not names(user, user_name):",
        "        if False:",
        f"{_PROTECTED_TEST}test_without_the_user_name_nobody_is_denied_and_nothing_is_recorded",
    ),
    Mutant(
        _TWO,
        "    ratification = Ratification(asked_at=now) if current.protected else None",
        "    ratification = None",
        f"{_PROTECTED_TEST}test_one_person_who_types_the_name_contains_at_once_and_it_is_asked_to_be_ratified",
    ),
    Mutant(
        _CONFIRMATIONS,
        "    why = _protected_before(records, who, now) if protected else None",
        "    why = None",
        f"{_PROTECTED_TEST}test_a_second_protected_user_by_the_same_person_within_a_day_takes_two_and_then_no_ratification",
    ),
    Mutant(
        _CONFIRMATIONS,
        "    kept = [record for record in every if record not in waiting]",
        "    kept = list[Revocation]()",
        f"{_CAPS_TEST}test_of_those_above_a_cap_the_latest_wait_and_whoever_is_written_counts_first",
    ),
    Mutant(
        _DENY_AGAIN,
        "    elif old.protected and not names(old.user, typed):",
        "    elif False:",
        f"{_PROTECTED_TEST}test_deny_again_of_a_protected_user_takes_the_name_and_asks_anew",
    ),
    Mutant(
        _DENY_AGAIN,
        "        protected=old.protected,\n",
        "",
        f"{_PROTECTED_TEST}test_deny_again_of_a_protected_user_takes_the_name_and_asks_anew",
    ),
    Mutant(
        _RATIFYING,
        "        if same_person(confirmer, who.actor):",
        "        if False:",
        f"{_PROTECTED_TEST}test_neither_who_confirmed_nor_the_target_nor_anybody_denied_nor_a_bystander_ratifies",
    ),
    Mutant(
        _RATIFYING,
        "        not_barred(store, who, current)\n",
        "",
        f"{_PROTECTED_TEST}test_neither_who_confirmed_nor_the_target_nor_anybody_denied_nor_a_bystander_ratifies",
    ),
    Mutant(
        _RATIFYING,
        "        if at is None or now < at or current.ratification is None:",
        "        if at is None or current.ratification is None:",
        f"{_PROTECTED_TEST}test_what_nobody_ratified_in_half_an_hour_is_escalated_once_and_stays_denied",
    ),
    # The front door: signed, ours, once, by a member, not too often, without AWS credentials.
    Mutant(
        "bot/signature.py",
        "    if not (_TIMESTAMP.fullmatch(timestamp) and _SIGNATURE.fullmatch(signature)):",
        "    if False:",
        f"{_DOOR_TEST}test_a_time_stamp_that_is_no_number_is_answered_in_words_and_without_a_traceback",
    ),
    Mutant(
        "bot/serving.py",
        "self._slack(_signed(environ, body), start_response)",
        'self._slack({**environ, "wsgi.input": BytesIO(body)}, start_response)',
        f"{_DOOR_TEST}test_what_nobody_signed_decides_nothing",
    ),
    Mutant(
        "bot/serving.py",
        "if len(length) > len(str(BODY_LIMIT)) or int(length) > BODY_LIMIT:",
        "if False:",
        f"{_DOOR_TEST}test_a_body_over_one_mebibyte_is_not_read",
    ),
    Mutant(
        _ORIGIN,
        'if ours.app_id is not None and body.get("api_app_id") != ours.app_id:',
        "if False:",
        _OTHER_APP,
    ),
    Mutant(_ORIGIN, "else context.team_id == ours.team_id", "else True", _OTHER_APP),
    Mutant(_ORIGIN, "    if named - homes and not here:", "    if False:", _MATRIX),
    Mutant(_ORIGIN, "person.is_guest or ", "", _MATRIX),
    Mutant(_ORIGIN, " or person.is_bot", "", _MATRIX),
    Mutant(_ORIGIN, " or person.deleted", "", _MATRIX),
    Mutant(
        "bot/prompt.py",
        'LIFETIMES = {"group": 60.0, ',
        "LIFETIMES = {",
        f"{_PEOPLE_TEST}test_a_group_that_cannot_be_read_gives_nobody_rights_after_a_minute",
    ),
    Mutant(
        "bot/seen.py",
        'for name in ("event_id", "trigger_id"):',
        "for name in ():",
        "tests/security/test_replay.py::test_events_are_told_apart_by_their_own_id",
    ),
    Mutant(
        "bot/guard.py",
        "if not asks_only and not self.deps.store.first_sight(seen.key(req, body), REMEMBER):",
        "if False:",
        "tests/security/test_replay.py::test_every_command_button_and_form_acts_once_in_whatever_envelope",
    ),
    Mutant(
        "bot/guard.py",
        "if self.deps.rules.caps is not None and not self.bucket.takes(user_id):",
        "if False:",
        f"{_DOOR_TEST}test_who_asks_too_much_waits_and_nobody_else_does",
    ),
    Mutant(
        "bot/process.py",
        "if found := credentials.found_here():",
        "if found := []:",
        "tests/security/test_credentials_in_reach.py::test_the_bot_names_all_that_it_finds_and_starts_nothing",
    ),
    # The audit log: what was changed is named, and nobody comes off off the record.
    Mutant(
        "workers/service/second_sink.py",
        "if goes and not world.store.on_both(record.id):",
        "if False:",
        f"{_AUDIT_TEST}test_a_release_waits_for_the_sink_is_told_and_goes_on_when_the_sink_is_back",
    ),
    Mutant(
        "workers/service/restore/giving.py",
        "if not stopped and not second_sink.may_give_back(world, revocation.id):",
        "if False:",
        f"{_AUDIT_TEST}test_giving_back_waits_for_the_sink_is_told_once_and_goes_on",
    ),
    Mutant(
        "workers/service/clean_up.py",
        "if judgement.verdict is Verdict.OFF and not recorded:",
        "if False:",
        f"{_AUDIT_TEST}test_the_clean_up_holds_while_the_sink_takes_nothing",
    ),
    Mutant(_ENTRY, "if not is_signed(line.text, line.mac):", "if False:", _TAMPERED),
    Mutant(_ENTRY, "if line.log is not None and entry.id != line.log:", "if False:", _TAMPERED),
    Mutant(_TRAIL, "if entry.journaled:", "if False:", _TAMPERED),
    Mutant(_TRAIL, "if digest.entries > self.n:", "if False:", _TAMPERED),
    Mutant(
        _TRAIL,
        "if posted.hex != found.hex:",
        "if False:",
        f"{_AUDIT_TEST}test_a_log_that_went_on_after_it_was_put_back_shows_by_the_digest_too",
    ),
    Mutant(
        _LOG,
        'without_secrets(_HALF_PAIR.sub("\\ufffd", text))',
        '_HALF_PAIR.sub("\\ufffd", text)',
        f"{_LOG_TEST}test_what_looks_like_a_secret_is_masked_before_it_is_signed_and_a_key_id_stays",
    ),
    # Redis: what was seen outside it says which records are believed, and what it says unsigned silences nothing.
    Mutant(
        _BELIEVING,
        "return was is not None",
        "return False",
        f"{_HOSTILE}test_a_restore_put_back_gives_nothing_back_twice",
    ),
    Mutant(
        _BELIEVING,
        "return record.seq > was.seq and not world.store.leads_on(record, was.seq, was.mac)",
        "return False",
        f"{_HOSTILE}test_a_refused_release_put_back_and_then_approved_frees_nobody",
    ),
    Mutant(
        _WITNESSED,
        "if before.state in ENDED and not revocation.ended:",
        "if False:",
        f"{_WITNESSED_TEST}test_a_record_that_was_let_go_and_comes_back_as_it_was_denies_nobody",
    ),
    Mutant(
        _WITNESSED,
        "user_id == before.user_id and user_id in in_policy",
        "user_id in in_policy",
        f"{_WITNESSED_TEST}test_who_does_not_stand_in_it_or_was_let_go_is_not_denied_by_it",
    ),
    Mutant(
        "workers/domain/deny_plan.py",
        "- wanted - kept)",
        "- wanted)",
        "tests/unit/test_deny_plan.py::test_whose_own_record_is_lost_comes_off_by_no_other_records_release",
    ),
    Mutant(
        _RECHECKING,
        "why = _too_old(world, log, aws_time) or _no_say(world, record)",
        "why = _no_say(world, record)",
        f"{_AGAIN}test_a_release_that_was_kept_for_over_an_hour_is_void_on_a_new_machine_too",
    ),
    Mutant(
        _RECHECKING,
        "if _is_denied(world, who):",
        "if False:",
        f"{_AGAIN}test_who_approved_and_was_denied_before_it_was_carried_out_frees_nobody",
    ),
    Mutant(
        _RECHECKING,
        "if _may(world, record, who) is False:",
        "if False:",
        f"{_AGAIN}test_the_second_of_two_must_be_an_approver_still",
    ),
    Mutant(
        _RECHECKING,
        "if any(_may(world, record, who) is None for who in record.released_by):",
        "if False:",
        f"{_AGAIN}test_where_slack_does_not_say_who_may_nobody_comes_off_until_it_does",
    ),
    Mutant(
        _RECHECKING,
        "if by is not None and world.roster.is_one_of(world.people, by, rules.responders) is False:",
        "if False:",
        f"{_AGAIN}test_whoever_was_a_responder_at_the_click_and_is_none_at_the_writing_denies_nobody",
    ),
    Mutant(
        _RECHECKING,
        "exceeding(caps, [*gone, *",
        "exceeding(caps, [*",
        f"{_AGAIN}test_who_deletes_their_own_records_denies_no_more_than_the_caps",
    ),
    Mutant(
        _RECHECKING,
        "return replace(record, confirmed_at=now) if waits and at is not None and now - at > LONG_AGO else record",
        "return record",
        f"{_AGAIN}test_old_confirmations_that_were_kept_are_no_way_around_the_caps",
    ),
    Mutant(
        "workers/service/follow_ups/removing.py",
        "revocation = believing.get(world, revocation_id)",
        "revocation = world.store.get(revocation_id)",
        f"{_HOSTILE}test_an_ended_denial_put_back_denies_nobody_and_takes_nothing",
    ),
    Mutant(
        "workers/adapters/redis_store.py",
        "if left == -1 or left > tonumber(ARGV[1]) then",
        "if false then",
        f"{_HOSTILE}test_a_lock_without_an_end_is_broken",
    ),
    Mutant(
        "workers/adapters/audit_lines.py",
        "if line is None or export_line(line) != text:",
        "if line is None:",
        "tests/security/test_audit.py::test_a_line_that_says_the_same_in_other_letters_is_named_too",
    ),
    Mutant(
        "workers/adapters/redis_store.py",
        "return at if at is not None and at <= self.now() else None",
        "return at",
        "tests/contract/test_redis_store.py::test_a_mark_of_a_time_to_come_counts_as_none",
    ),
    Mutant(
        "workers/service/alarms.py",
        "return world.witness.first_time(what, world.store.now(), within)",
        "return world.store.first_sight(what, within)",
        f"{_HOSTILE}test_an_alarm_that_redis_says_was_raised_is_raised",
    ),
    Mutant(
        _HANDING_OVER,
        "if is_target(next_, current) or is_denied(world.store, next_):",
        "if False:",
        f"{_SHIFTS}test_nobody_becomes_the_owner_of_their_own_case_nor_of_any_while_denied",
    ),
    Mutant(
        _HANDING_OVER,
        "if owner is not None and not any(same_person(owner, one) for one in handoff.outgoing):",
        "if False:",
        f"{_SHIFTS}test_what_ended_or_was_taken_meanwhile_is_not_passed_and_that_is_said",
    ),
    Mutant(
        _HANDING_OVER,
        'before" if _passed_before(world, handoff, current) else ""',
        'before" if False else ""',
        f"{_SHIFTS}test_a_log_that_is_put_back_passes_no_owner_again",
    ),
    Mutant(
        _HANDING_OVER,
        "or current.owner != owner:",
        "or False:",
        f"{_SHIFTS}test_what_is_taken_between_the_look_and_the_change_stays_with_who_took_it",
    ),
    Mutant(
        "workers/service/on_call.py",
        "return person.deleted or person.is_bot or is_denied(world.store, actor)",
        "return person.deleted or person.is_bot",
        f"{_SHIFTS}test_a_target_a_bot_and_one_who_is_deactivated_are_not_asked",
    ),
    Mutant(
        "workers/cards/handoff.py",
        "return replace(revocation, channel_shared=True)",
        "return revocation",
        "tests/unit/test_handoff_cards.py::test_the_gaps_are_never_listed_because_the_target_may_read_along",
    ),
    # Handing over: the target takes nothing, only who is asked accepts, whoever is denied owns nothing.
    Mutant(
        _TAKING_OVER,
        "if any(is_target(who.actor, revocation) for revocation in passed):",
        "if False:",
        f"{_HANDING_OVER_TEST}test_the_target_of_any_of_it_neither_accepts_nor_declines_nor_remarks",
    ),
    Mutant(
        _TAKING_OVER,
        "    not_denied(store, who)\n",
        "",
        f"{_HANDING_OVER_TEST}test_whose_own_revocation_is_open_has_no_say_in_any_handoff",
    ),
    Mutant(
        _TAKING_OVER,
        "if who.actor.id not in current.incoming and not (current.open_to_all and who.responder):",
        "if False:",
        f"{_HANDING_OVER_TEST}test_only_those_asked_accept_and_any_responder_once_it_is_open_to_all",
    ),
    Mutant(
        _TAKING_OVER,
        "if is_denied(store, current.offered_by):",
        "if False:",
        f"{_HANDING_OVER_TEST}test_what_somebody_offered_who_is_revoked_now_nobody_accepts",
    ),
    Mutant(
        _TAKING_OVER,
        "    if not waiting:",
        "    if False:",
        f"{_HANDING_OVER_TEST}test_what_somebody_took_meanwhile_stays_theirs",
    ),
    Mutant(
        "workers/service/intake/owning.py",
        "        may(store, who, current)\n",
        "",
        f"{_HANDING_OVER_TEST}test_whose_own_revocation_is_open_has_no_say_in_any_handoff",
    ),
    Mutant(
        "workers/service/intake/handing_over.py",
        '        can_be_asked(store, Actor(kind="slack", id=one))\n',
        "",
        f"{_HANDING_OVER_TEST}test_whoever_could_not_take_it_is_not_asked",
    ),
    Mutant(
        "bot/pressed.py",
        "    if not _comes_from(current.channel, current.root_ts, body):",
        "    if False:",
        "tests/unit/test_pressed.py::test_a_handoff_is_answered_on_its_message_in_its_thread_and_in_an_answer_of_ours",
    ),
    Mutant(
        "bot/guard.py",
        "if origin.by_a_machine(body):",
        "if False:",
        f"{_PRIVATE}test_what_a_bot_writes_or_somebody_edits_does_nothing",
    ),
    Mutant(
        "bot/home.py",
        " or is_denied(deps.store, who.actor):",
        ":",
        f"{_PRIVATE}test_a_denied_responder_reads_what_a_stranger_reads",
    ),
    Mutant(
        "bot/home.py",
        "[one for one in store.open() if not is_target(who.actor, one)]",
        "store.open()",
        f"{_PRIVATE}test_who_is_asked_about_does_not_see_themselves",
    ),
    Mutant(
        "bot/home.py",
        "with self.deps.store.lock(",
        "with self.deps.store.lock(f'{id(asked)}' +",
        f"{_PRIVATE}test_of_two_publishings_the_one_that_read_first_never_stays",
    ),
    Mutant(
        "bot/listeners/buttons.py",
        'if pressed.privately(body) and action.get("action_id") in SECOND_YES:',
        "if False:",
        f"{_PRIVATE}test_a_second_yes_on_an_old_page_does_not_approve_a_newer_request",
    ),
    Mutant(
        "workers/service/writing.py",
        "self.say(record, note) if self._may_hear(record, self.alone(record, note)) else None",
        "self.say(record, note)",
        "tests/faults/test_report_and_drill.py::"
        "test_nobody_hears_alone_of_a_revocation_who_is_denied_by_then_or_its_target",
    ),
    Mutant(
        "workers/service/intake/looking_up.py",
        "if same is None and len(waiting) >= MOST_WAITING:",
        "if False:",
        "tests/faults/test_lookup.py::test_nobody_reads_out_the_directory_name_by_name",
    ),
)
