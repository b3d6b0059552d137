"""The farm as a whole: what goes on now, what it did, what it holds, and what somebody should look at."""
