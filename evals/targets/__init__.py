"""Who is asked: chatbots, all of them met over HTTP.

Target    a chatbot as the command line names it (target.py).
Canned    a reply of a scripted chatbot with its labels, and the bank of all (canned.py, bank/).
Chatbot   a scripted chatbot of some temperament (chatbot.py, chatbots.yaml).
Recorded  replies that somebody collected earlier (recorded.py).
Server    chatbots behind OpenAI's chat completions (server.py; scripted.py, bridge.py speak).
Process   a server that the suite starts and that never outlives it (process.py).
Guard     handrail in front of a target (guard.py).
Wire      a dialect, as the suite speaks it (wire.py).
Provider  a target as a model of Inspect's (provider.py).
"""
