"""HTTP in and out, a module for each noun: routes, bodies and answers, and nothing else."""
