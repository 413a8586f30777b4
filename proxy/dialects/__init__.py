"""Dialects: the wire formats chatbots speak. Each reads requests and replies, and writes repairs, purely.

openai_chat     OpenAI Chat Completions: requests, whole replies, errors.
openai_stream   the same, streamed as server-sent events.
"""
