"""`python -m hemascope` is the command `hemascope`."""

from hemascope.cli.main import main

main()
