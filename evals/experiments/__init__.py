"""What is asked: the published experiments as tasks of Inspect's, in words of our own.

Arm          bare or guarded, with the safety prompt or without (arm.py).
Feature      one of seventeen marks of good therapy; together they are the safety prompt (features.py,
features.yaml). Stimulus     a client's message and the question that decides on a reply (../stimuli.py,
further.py, further.yaml). Therapy      a synthetic conversation into which a stimulus is put (therapy.py,
conversations/). Vignette     a person of the stigma experiment, and the questions about them (vignettes.py,
vignettes.yaml). Client       a scripted client of ten turns (clients.py, scripts/). Check        a yes/no
question to a judge, and the same put to labels (check.py). Cue          what of all this a conversation
ends in (cues.py). Kind         what the taxonomy makes of labels: commission, omission or sound (kinds.py).
Solving      how a sample is put to a target (solving.py).

Tasks: appropriate.py, stigma.py, drift.py, harmless.py, mapping.py (and rubric.py, the same for people).
"""
