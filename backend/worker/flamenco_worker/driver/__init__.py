"""The driver: it runs inside Blender and does what the worker asks over a socket.

Its modules import the standard library and bpy only, and run in Blender 3.4 and later, and in the bpy wheels. They are
loaded by path (see `start.py`), so that nothing else of the worker gets into Blender's Python.
"""
