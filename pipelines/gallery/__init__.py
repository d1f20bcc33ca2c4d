"""The gallery: pages of small pictures of all that a recipe may name, drawn from the catalogue.

`python -m pipelines.gallery docs` writes docs/cast.md and docs/motions.md, with their pictures in
docs/gallery. What a page says comes from `motionpair.catalog`, so it is true of the code that drew it.
"""
