"""The draft engine: scenes drawn by pyrender (OpenGL, EGL) in a tenth of a second a frame, without a GPU.

Index and depth mean what Blender's mean; only the colours are a sketch. Its stand-ins:

- Skin, eyes, brows, lips and beards: one colour a vertex. Cloth: its colours in a small repeating picture of
  its fabric. Strands: a few hundred ribbons, all in the hair's colour. No subdivision, no cloth thickness.
- Light: a key light with a soft edge and the sky's light from above, on the vertices, in the HDRI's colours;
  a hard shadow on level ground. Nothing is reflected, and depth of field is left out.
- Places: a floor, walls or a ring of houses, trees, fences or furniture in the place's own colours. They
  are neither where nor what Blender builds.
- The 2D look: two tones, a darker hull around the figure for ink.
"""
