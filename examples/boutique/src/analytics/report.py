"""Counts which tables the day's slow queries touch, and keeps the counts for the dashboard."""

from collections import Counter

import redis
import sqlparse
from dateutil.parser import isoparse


def slow_tables(log: list[tuple[str, str]], day: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for at, query in log:
        if isoparse(at).date().isoformat() == day:
            found.update(str(token) for token in sqlparse.parse(query)[0].tokens if isinstance(token, sqlparse.sql.Identifier))
    return found


def keep(found: Counter[str], day: str) -> None:
    redis.Redis().hset(f"slow:{day}", mapping=dict(found))
