"""Statements about learning, sent to an enterprise's learning record store (LRS) by xAPI 1.0.3."""
