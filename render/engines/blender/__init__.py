"""The Blender engine: the only room that imports bpy."""
