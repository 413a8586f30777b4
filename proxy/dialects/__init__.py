"""Dialects: the wire formats chatbots speak. Each reads requests and replies, and writes repairs, purely.

Dialect           a wire format as one record of functions (dialect.py).
Scribe            what a dialect knows of its streams: reads frames, writes repairs (scribe.py).
Payload           JSON bodies as every dialect reads and writes them (payload.py).
openai_chat       OpenAI Chat Completions: requests, whole replies, errors.
openai_stream     the same, streamed as server-sent events.
openai_completions  the older completions, whose answers are written like these.
responses         OpenAI Responses: requests, whole answers.
responses_stream  the same, streamed as items and parts in server-sent events.
anthropic         Anthropic Messages: requests, whole replies, errors.
anthropic_stream  the same, streamed as blocks in server-sent events.
ollama            Ollama's chat and generate, whole and streamed as lines of JSON.
generic           home-made backends, told where their words stand by JSON Pointers.
generic_socket    the same, in the messages of a WebSocket.
tools             what a model writes to a tool, read where people are shown it.
paths             how paths are read, and those by which words would come unread.
known             which of them a request speaks.
"""
