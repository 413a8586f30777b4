"""Feedback: what is made of reviews and daily counts.

Finding     what the reviewers of an exchange found together (finding.py).
Labelling   which labels a review settles, and which stay as the model read them (labelling.py).
Rows        reviewed exchanges as corpus rows and as calibration data (rows.py).
Tuning      thresholds by which less would be flagged for nothing (tuning.py, search.py).
Reviewed    reads from the journal what feedback is made of (reviewed.py).
Drift       how scores, rates and agreement change from week to week (drift.py, weeks.py; drift_text.py).
Compliance  interventions and referrals of a period as counts (compliance.py; compliance_text.py).
"""
