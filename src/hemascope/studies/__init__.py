"""Tables of runs that differ in one thing each: trained, measured and timed side by side."""
