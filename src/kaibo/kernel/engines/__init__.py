"""The embedded engines: PostgreSQL and NATS from wheels, as child processes on loopback, with their data in one directory."""
