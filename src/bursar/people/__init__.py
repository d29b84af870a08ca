"""One person of an enterprise, across all domains: shown, exported, renamed and erased.

Each domain says in its `holdings.py` what its tables hold of people. This package knows the
domains, and none of them knows it. A person belongs to one enterprise: the same address in another
enterprise is another person, about whom nothing is told and of whom nothing is changed.
"""
