"""Floor 2: what to do about an exchange, as data a clinician can read, change and test. Pure.

Policy      rules, when to hold a stream, thresholds (policy.py; the shipped one is default.yaml).
Source      a policy's file, and the policy it extends (source.py; difference.py says in what they differ).
Schema      the policy language as JSON Schema (schema.py).
Rule        a condition, the harm it makes, and the action it calls for.
Condition   what must hold of an exchange and its context (condition.py; in plain English: words.py).
Context     what is known of a request apart from its words (context.py).
Threshold   from which probability a label counts, by name or number (thresholds.py).
Truth       whether a condition holds, as far as is known (truth.py), and how probable (likelihood.py).
Why         a decision told rule by rule (why.py); explain.py tells a policy.
Ruling      the rules of a policy weighed in order (ruling.py).
Decision    deliver, correct, append or replace; to escalate or not; the rules that fired, why (decision.py).
Decide      assessment in, decision out (decide.py; load.py reads what it needs).
Texts       what people are shown, several variants each, reviewed in one place (texts.py, wording/).
Language    the texts of every language, and which of them a person reads (languages.py).
Topic       what a person has brought up, which makes a text specific (topics.py).
Manner      how a reply sounds, so that what is added is in tune with it (manner.py).
Doubt       whether a decision would have been another, had the readings been a little off (doubt.py).
Outside     a validator of Guardrails AI that a policy asks (outside.py).
Validators  our reading for Guardrails AI's guards, where that is installed (validators/).
Saying      what is said when rules act, in the words of the moment (saying.py).
Repeat      whether something may be added to a reply once more (repeat.py).
Tone        the rules every text is held to; one of them is its reading level (tone.py, readability.py).
Where       how a place to turn to is named in a language (where.py).
Resource    a crisis service of one place, dated (resources.py, resources.yaml; numbers.py).
False resource  a helpline in a reply that is wrong for the place, and its correction (false_resource.py).
Place       the country a person says they are in (place.py, places.yaml).
Session     what earlier messages leave behind for the reading of the present one (session.py).
Hearing     an exchange as one hears it who knows the session (hearing.py).
Example     an exchange that a rule must, or must not, fire on (examples.py).
Document    a YAML file whose every value knows its line (document.py).

Nothing here does network I/O; files are read when a policy is loaded and never again.
"""
