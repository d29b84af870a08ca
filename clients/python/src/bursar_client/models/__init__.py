"""What the answers hold: fields as the reference names them, and what servers add to it.

What the reference does not promise may be absent, so it has a default.
"""
