"""The people of the console: who may sign in, with which role, and where they are signed in."""
