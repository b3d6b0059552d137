"""What the open scene says and is, read with bpy."""
