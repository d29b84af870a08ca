"""Changes of more than a request can make: all that filters select, a batch at a time.

Domains say what a batch is (commands.Change); a job applies them, and its status can be asked for.
"""
