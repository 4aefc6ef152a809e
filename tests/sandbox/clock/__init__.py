"""A clock that can be moved: the real embedded Redis, behind a door that adds hours to what TIME answers.

Redis TIME is the product's one clock. So whoever moves it lets hours pass, and the product keeps all its real times.
"""

from tests.sandbox.clock.moved_redis import MovedRedis

__all__ = ["MovedRedis"]
