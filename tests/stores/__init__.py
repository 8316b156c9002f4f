"""Real stores for the tests, each on a free port of this machine, and a proxy that makes them misbehave."""
