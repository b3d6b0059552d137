"""Reading pictures and videos, and running ffmpeg: shared by the commands that make them and the checks that judge them."""
