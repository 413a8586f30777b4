"""What came of it.

Row         one judged answer, read from Inspect's logs and written as CSV (row.py).
Statistics  intervals, paired differences, tests for disparities (statistics.py).
Shares      what tables and figures need of rows (shares.py).
Published   the paper's figures, shown beside ours (published.py, published.yaml).
Section     what is said of each experiment (sections.py, stigma.py).
Figure      bars with intervals (figures.py).
Comparison  two runs, paired by sample (comparison.py).
Document    the report as HTML and Markdown (document.py); Build puts it together (build.py).
"""
