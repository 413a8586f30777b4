"""Who judges: labels written by hand, language models, people; never the guard's own classifiers.

Judge    whoever answers checks, and what a verdict is (judge.py).
Gold     labels, by a stated rule (gold.py, own_texts.yaml).
Model    a language model asked one yes/no question (model.py).
Scoring  Inspect's scorer for all experiments (scoring.py).
"""
