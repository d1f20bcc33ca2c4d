"""Evaluation: how near what the model makes is to the true target, where, and next to trivial answers."""
