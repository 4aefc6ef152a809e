"""On PYTHONPATH, every process logs at DEBUG, as no setting makes it: what is said there is searched for secrets."""

import logging

from workers import logs

logs.log_to_stdout.__defaults__ = (logging.DEBUG,)
