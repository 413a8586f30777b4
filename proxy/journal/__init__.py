"""Journal: the durable record of flagged exchanges.

Record    one flagged exchange: what was said, what was decided, what was delivered (record.py).
Sqlite    the embedded journal, one file in WAL mode (sqlite.py).
"""
