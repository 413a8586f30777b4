"""The authors' own data: a clone of their repository, read and never run.

Clone        the folder: its files found, read into rows, what is missing named (clone.py).
Name         how the clone's models, participants, conditions and questions are called here (names.py).
Prompt       the authors' stimuli, read from Python source as literals (prompts.py).
Answer       one coded answer of the first experiment (answers.py).
Response     one judged reply of the second (responses.py).
Recomputed   a published figure beside what the clone gives, and why they differ (recomputed.py).
Screened     a response read by the guard, and whether what it delivers is appropriate (screened.py).
Asked        a language model's judgement of what is delivered (asked.py).
Effect       rates without and with the guard, and what it touched (effect.py).
Report       all of it as a document and files (report.py); replay.py puts it together.
"""
