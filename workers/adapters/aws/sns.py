"""The Alarm port: a way to tell somebody that does not need Slack."""

import logging
from dataclasses import dataclass

from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.failures import plain
from workers.cards.bare import bare

SUBJECT_LIMIT = 100
MESSAGE_LIMIT = 8_000

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SnsAlarm:
    """Publishes to the topic of REVOKE_ALARM_TOPIC, and always logs. Never raises. The text may be mrkdwn.

    Source: Amazon SNS API reference, Publish (a subject is ASCII, one line, under 100 characters).
    """

    clients: AwsClients
    topic_arn: str | None = None

    def raise_alarm(self, subject: str, text: str) -> bool:
        words = bare(text)
        log.error("ALARM: %s", plain(subject), extra={"alarm": plain(words, 2_000)})
        if self.topic_arn is None:
            return True
        try:
            self.clients.sns.publish(
                TopicArn=self.topic_arn, Subject=_subject(subject), Message=words[:MESSAGE_LIMIT]
            )
        except Exception as error:  # an alarm that fails must not stop what raised it
            log.error("the alarm did not reach its SNS topic", extra={"error": type(error).__name__})
            return False
        return True


def _subject(subject: str) -> str:
    ascii_only = subject.encode("ascii", "replace").decode()
    return plain(ascii_only, SUBJECT_LIMIT - 1) or "revoke-bot"
