"""From specs to frames and annotations. Never imports ray; bpy only inside engines."""
