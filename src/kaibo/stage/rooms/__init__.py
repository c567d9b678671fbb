"""Live rooms: lasting, belonging to a host; followers; the page a viewer opens."""
