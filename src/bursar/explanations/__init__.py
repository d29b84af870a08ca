"""Why a learner can take a course, or cannot: every rule of every budget and plan."""
