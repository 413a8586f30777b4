"""How a run goes.

Plan      what is asked of whom, and the folder that is the run's own (plan.py).
Run       starts servers and guards, and lets Inspect run what is not done yet (run.py).
Estimate  what it would take (estimate.py).
"""
