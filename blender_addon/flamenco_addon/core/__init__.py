"""What needs no Blender: it runs and is tested without bpy."""
