"""Journal: the durable record of flagged exchanges, of their reviews, and of who saw and did what.

Record     one flagged exchange: what was said, what was decided, what was delivered (record.py).
Journal    what every store can do (journal.py): the embedded one (sqlite.py) and the shared one (redis.py).
Case       where an exchange stands in the queue, and the steps of a review (queue.py).
Review     what a person made of an exchange (review.py).
Counts     cases counted for a dashboard (counts.py).
Day        what each day's replies came to, as counts kept for good (days.py; sqlite_days.py, redis_days.py).
Act        what somebody saw or did, a link in a chain (audit.py).
Desk       the way of people to the journal: what they see or do goes on the trail first (desk.py).
Alert      what is told of an escalation outside (alert.py).
Vault      seals what people said, with keys that have names (vault.py).
Pseudonym  what a user's or session's name is kept as (pseudonym.py).
Custody    how a store is to keep what it is given (custody.py).
Row        a record as stores keep it (row.py; sqlite_file.py, sqlite_schema.py; redis_keys.py).
Spool      what waits on this machine while the shared store is away (spool.py; forward.py brings it there).
Retention  deletes what has been kept long enough (retention.py).
Export     everything kept of an exchange as plain values (export.py).
Build      the journal that the settings ask for (build.py).
"""
