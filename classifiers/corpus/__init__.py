"""Corpus: our own labelled exchanges, one JSON object a line, grouped by scenario.

Scenario   one conversation with its risk labels and two to six replies (rows.py).
Twin       a scenario nearly the same as another in a harmless context, or the reverse.
Family     a scenario and its twins: always in the same split, so that no split has seen another's words.
Split      train, calibration or test: by a hash of the family's name, so that it never moves.
Coverage   how much of the taxonomy the corpus has, counted (coverage.py).
"""
