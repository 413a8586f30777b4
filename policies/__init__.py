"""Floor 2: what to do about an exchange, as data a clinician can read, change and test. Pure.

Policy      rules, when to hold a stream, thresholds (policy.py; the shipped one is default.yaml).
Rule        risk and behaviours, present or missing, that make a harm, and the action it calls for.
Decision    deliver, append or replace; to escalate or not; the rules that fired and why (decision.py).
Decide      assessment in, decision out (decide.py; load.py reads what it needs).
Texts       what people are shown, several variants each, reviewed in one place (texts.py, wording/).
Resource    a crisis service of one place, dated (resources.py, resources.yaml).
Session     what earlier messages leave behind for the reading of the present one (session.py).
Example     an exchange that a rule must, or must not, fire on (examples.py).
Document    a YAML file whose every value knows its line (document.py).

Nothing here does network I/O; files are read when a policy is loaded and never again.
"""
