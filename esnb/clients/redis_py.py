"""The first import of redis-py, before whatever uses it."""

from esnb.threads.outside import import_whole

import_whole("redis", "redis.asyncio")
