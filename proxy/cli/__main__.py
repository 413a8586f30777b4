"""`python -m handrail.proxy.cli`: the command line where its script is not on the path."""

from handrail.proxy.cli import main

main()
