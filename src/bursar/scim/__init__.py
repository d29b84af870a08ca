"""SCIM 2.0: an identity provider tells who the people of an enterprise are, and their groups."""
