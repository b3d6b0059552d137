"""The Blender add-on for download, which knows this server's address then."""
