"""Encoders of what conditions beside video, from local folders: text (UMT5), the reference image (CLIP)."""
