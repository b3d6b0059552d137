"""What a worker can do: one module a family of commands, each a function of the command and its context."""
