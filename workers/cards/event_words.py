"""What an entry of the log says in plain words, behind the name of whoever did it. Pure."""

from workers.cards.step_words import title
from workers.cards.text import plain
from workers.domain.report import Happening

WORDS = {
    "requested": "asked that they be denied",
    "adopted": "found the user ID in the Deny policy, with no record of why",
    "identified": "found the one user in Identity Center",
    "not_identified": "found not exactly one user",
    "lookup_failed": "could not look the user up yet",
    "joined": "joined it to the one that the user had already",
    "reason_added": "added a reason",
    "card_posted": "posted the card",
    "card_moved": "moved the card to the incident channel",
    "reach_read": "read the access, and what the Deny policy reaches",
    "second_needed": "found that it takes a second person",
    "confirm_voted": "pressed Deny now, as the first of two",
    "confirmed": "pressed Deny now",
    "seconded": "pressed Deny now, as the second person",
    "confirmation_void": "found that the confirmation does not count",
    "cancelled": "pressed Do not deny",
    "expired": "let it expire: nobody was denied",
    "retried": "pressed Retry",
    "written": "wrote the Deny policy, and read it back",
    "not_written": "could not write the Deny policy",
    "found_missing": "found that somebody else had taken the user ID off the Deny policy",
    "found_lost": "found the user ID in the Deny policy after the record had ended",
    "found_put_back": "found that an older state of the record had been put back",
    "log_not_whole": "found that the log is not whole",
    "ratified": "ratified the denial of a protected user",
    "ratify_escalated": "called more people, because nobody had ratified it",
    "stood_down": "read what they did as a responder",
    "request_void": "found that what they had asked for does not count",
    "act_undone": "undid something that they had done as a responder",
    "owned": "became the owner",
    "owner_passed": "passed it to another owner",
    "handed_over": "passed it to the next owner",
    "follow_ups_planned": "planned the follow-ups",
    "follow_ups_started": "started the follow-ups",
    "follow_ups_wait": "pressed Wait: the follow-ups stand still",
    "snapshot": "took a snapshot of the access",
    "last_of_set_read": "read which assignments are the last of their permission set",
    "removing": "began to remove what they have",
    "removed": "removed",
    "gaps_closed": "removed what the Deny policy does not reach",
    "step_done": "read back that nothing is left",
    "step_not_in_use": "found that the service is not in use",
    "step_stopped": "stopped, as asked",
    "step_failed": "could not do it",
    "step_retried": "pressed Retry",
    "disable_anyway": "had sign-in disabled before the sessions were ended",
    "attested": "attested that it is done",
    "attest_undone": "took an attestation back",
    "assigned": "gave the step to somebody",
    "came_back": "found that what was gone is there again",
    "look_back": "asked what they did since the session began",
    "looked_back": "read what they did since the session began",
    "look_back_failed": "could not read what they did",
    "hold": "held them",
    "held": "held them: a gate of the clean-up is not green",
    "notice_due": "announced the clean-up",
    "notice_void": "took the announcement of the clean-up back",
    "clean_up_asked": "asked whether they may come off the list",
    "clean_up_given": "said that they may come off the list",
    "clean_up_refused": "said that they stay on the list",
    "proven": "read every gate green: they may come off the list",
    "proof_lapsed": "found the proof too old, and kept them on the list",
    "release_asked": "asked for the release",
    "release_approved": "approved the release",
    "release_refused": "refused the release",
    "release_void": "found that the release does not count",
    "false_alarm_asked": "asked to give everything back and release them: a false alarm",
    "false_alarm_approved": "approved the false alarm",
    "false_alarm_refused": "refused the false alarm",
    "restore_asked": "asked to give back what was taken",
    "restore_approved": "approved that it is given back",
    "restore_refused": "refused that it is given back",
    "restore_read": "read what would be given back",
    "restore_unread": "could not read what would be given back",
    "restore_not_needed": "found nothing to give back",
    "approval_lapsed": "let the request lapse: no second person came",
    "nudged": "called the second person",
    "giving_back": "began to give back",
    "given_back": "gave back",
    "giving_back_waits": "waited with giving back",
    "restored": "ended giving back",
    "break_glass": "released them alone, at a terminal",
    "taken_off": "took them off the Deny policy, and read it back",
    "overtaken": "closed it: they were denied anew",
    "watch_ended": "ended the watch",
    "access_back": "found that access came back",
    "sign_in_back": "found that sign-in came back",
    "coverage_lost": "found that the Deny policy reaches less than before",
    "overdue": "called for what was overdue",
    "report_asked": "asked for a report",
}


def words(happening: Happening) -> str:
    """As it reads behind a name; what a newer version records, by its own name."""
    event = happening.event
    told = WORDS.get(event) or plain(event.replace("_", " "), 60)
    if event.startswith("alarmed_"):
        told = f"sent an alarm beside Slack: {plain(event.removeprefix('alarmed_').replace('_', ' '), 60)}"
    about = f" · {plain(title(happening.step), 60)}" if happening.step else ""
    return f"{told}{about}{_counted(happening)}"


def _counted(happening: Happening) -> str:
    if not happening.pieces:
        return ""
    failed = sum(bool(piece.failed) for piece in happening.pieces)
    done = len(happening.pieces) - failed
    return f" · {done} {'item' if done == 1 else 'items'}{f', {failed} failed' if failed else ''}"
