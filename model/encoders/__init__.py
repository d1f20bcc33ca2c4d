"""Encoders of what conditions beside video: text (UMT5) and the reference image (CLIP), from local folders."""
