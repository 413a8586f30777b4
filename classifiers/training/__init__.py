"""Training: how a model is made of the corpus. Needs the `train` extra; the runtime never imports it.

Example      one sequence with its targets and a mask of those that count (examples.py).
Network      the encoder with its risk and behaviour heads (network.py).
Fit          the optimisation (fit.py).
Export       the network as a quantised ONNX file (export.py).
Augment      scenarios said again in other ways (augment.py).
Sieving      how the sieve is learned (sieving.py).
Designs      other ways to build it all, to compare with (designs.py).
Embedding    what the base encoder makes of a text (embedding.py).
Measures     what is reported of a model, from the test split (measures.py).
"""
