"""What engines that draw with pyrender share: the picture buffer, its lens, and meshes that move.

Imported only after `render.engines.pyrender_draft.libraries.load_pyrender` has chosen EGL.
"""
