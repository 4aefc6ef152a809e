"""What takes away the ways back in, after the denial. Each follow-up runs by itself and records its own result."""

from workers.service.follow_ups.catching_up import catch_up
from workers.service.follow_ups.removing import remove
from workers.service.follow_ups.sign_in import disable_sign_in
from workers.service.follow_ups.starting import follow_up

__all__ = ["catch_up", "disable_sign_in", "follow_up", "remove"]
