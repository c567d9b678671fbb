"""What a checkout costs and why: a pure pipeline, and what it needs from the database: coupons, subsidies, points."""
