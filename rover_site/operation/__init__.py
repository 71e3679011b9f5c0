"""Running Rover: the supervisor, the web server, the worker cluster, and what keeps them together."""
