"""Each record by itself: a bad one must not stop the others."""

import logging
from collections.abc import Callable

from workers.domain.errors import RevocationError
from workers.service.world import World

logger = logging.getLogger(__name__)


def alone(do: Callable[[World, str], None], world: World, record_id: str) -> None:
    """Do it for one record; what goes wrong is logged and raises nothing."""
    about = {"handoff_id" if record_id.startswith("H-") else "revocation_id": record_id}
    try:
        do(world, record_id)
    except RevocationError as error:
        logger.warning("reconcile_failed", extra=about | {"cause": str(error)})
    except Exception:
        logger.exception("reconcile_broke", extra=about)
