"""Everything that knows no business: database, bus, outbox, timers, jobs, web, configuration, telemetry, engines."""
