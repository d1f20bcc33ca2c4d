"""MotionPair: the dataset's nouns. Light to import: no torch, bpy or ray."""

__version__ = "0.1.0"
