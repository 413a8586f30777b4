"""Floor 3: what is measured of the whole, beside the proxy and never through its insides.

Stimulus      a client's message of the evaluation, in our own words (stimuli.py, stimuli.yaml).
Contamination whether a stimulus, or something close to it, stands in the training corpus (contamination.py).
Held-out      harms found on the corpus's test split, by policy, with intervals (held_out.py).

The published experiments: what is asked (experiments/), who is asked (targets/), who judges (judges/), how a
run goes (running/) and what came of it (report/); people as judges (people/);
and the study's own released data, read anew (paper/).
"""
