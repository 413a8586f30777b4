"""Floor 1: what an exchange signals and does, judged by one small local model.

Message       one turn of a conversation, by the client ("user") or the chatbot ("assistant").
Conversation  the messages the chatbot was sent, oldest first.
Exchange      a conversation and the candidate reply to it.
Risk          what the client's words signal (labels.py).
Behaviour     what the reply does, harmful or protective (labels.py).
Harm          what a policy makes of risk and behaviours together (labels.py).
NormalText    text stripped of disguises, each character knowing where it came from (normalise.py).
Sentence      where a text that is still being written can be cut (sentences.py).
Window        one sequence of tokens the encoder reads at once (windows.py).
Encoder       the ONNX session: windows in, logits out (encoder.py).
Manifest      what a model is: files, hashes, labels, calibration, thresholds (manifest.py).
Assessment    probabilities, evidence spans, model version, time taken (assessment.py).
Assessor      exchanges in, assessments out (assessor.py).
Scheduler     the same for an event loop, in fair turns on a few threads (scheduler.py).
Sieve         which exchanges can hold no stigma, told from their word pieces (sieve.py).
Labelled      exchanges with their labels, of whatever origin (labelled.py).
Calibration   temperatures and thresholds from labelled exchanges (calibration.py).
Corpus        our own labelled exchanges (corpus/), and how a model is made of them (training/).

Nothing here knows of HTTP or of policy.
"""

import os

# ONNX Runtime (1.32) keeps a device id in the user's folder and may report to its makers, unless this is set
# before it is loaded; and nothing of it is loaded before this package.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
