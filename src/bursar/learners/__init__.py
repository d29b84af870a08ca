"""The people of an enterprise, with or without an account in the LMS."""
