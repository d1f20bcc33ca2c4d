"""Sampling: from conditions to a video, by the solvers that SCAIL-2 is published with."""
