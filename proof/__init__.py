"""Several machines in small, under load and faults, and the proof that nothing is lost."""
