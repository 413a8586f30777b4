"""Floor 3: the server between an app and its chatbot. The only place that does network I/O.

Settings    everything an operator can set, checked at the start and frozen (settings.py).
Dialect     one wire format: how to read its requests and replies, and write repairs (dialects/).
Relay       passes requests and replies on, as a careful proxy does (relay.py, headers.py).
Limits      how much of a request is taken (limits.py); Forwarding what upstreams are told (forwarding.py).
Upstream    speaks to chatbot servers (upstream.py): which (routing.py), how often (retry.py, breaker.py).
Turn        one request on its way; each of its replies is concluded once (turn.py, chat.py, whole.py).
Gate        what of a streamed reply may be released, as pure state (gate.py, stream.py, sse.py).
Mode        what is done with the chats of a path: enforce, shadow or off (modes.py, bypass.py).
Strict JSON what every reader reads alike; the rest is refused (strict_json.py).
Talk        one WebSocket: many turns, each reply judged before it leaves (talk.py, sockets.py, messages.py).
Live        the guard in force, and what replaces its policy while requests are answered (live.py, reload.py).
Asker       what a request says of who asks: place, persona, age band, local time (asker.py).
Panel       the validators of others that a policy asks, each in its time (panel.py).
Guard       judges a reply and makes what was flagged durable before it is released (guard.py).
Second opinion  an operator's own judge model, asked where our reading leaves a doubt (second_opinion.py).
Regenerate  asks for a reply once more, with guidance on how to answer (regenerate.py).
Session     whose turn a request is, and what is kept of it (sessions.py, session_store.py, session_redis.py).
Correcting  a whole answer with everything that was decided on its replies done to it (correcting.py).
Journal     durable record of flagged exchanges (journal/).
Keeping     the journal and what works beside it while the server runs (keeping.py).
Totals      brings the count of all replies to the journal (totals.py).
Scores      how probabilities are spread over all replies (scores.py).
Feedback    what is made of reviews and daily counts (feedback/).
Alerts      escalations told to a webhook, signed, until they are taken (alerts.py).
Shared      what replicas have in common besides the journal (shared.py, redis_link.py).
Limits      how often a client may ask (rate_limit.py).
Cache       assessments of exchanges seen before, as numbers (verdict_cache.py).
App         the aiohttp application that puts these together (app.py).
Replay      recorded readings decided on by other policies (recorded.py, replay.py).
Screen      exchanges from a file, judged in batches (screen.py).
Review      the pages on which people read flagged exchanges and judge them (review/).
Demo        a scripted chatbot, and a page that shows it bare and guarded (demo/).
Command     the `handrail` command line (cli/).
"""
