"""People as judges: what they are given to judge, what they answer, and how far they and the judge agree.

Item       a reply and one yes/no question about it, and how the run judged it (item.py).
Sheet      items for one person to answer, blind, as CSV or JSON lines (sheet.py).
Answers    what people answered, kept in the run's folder (answered.py).
Agreement  kappas between people, and between them and the judge (agreement.py).
"""
