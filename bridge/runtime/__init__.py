"""Time, cancellation, background work and operator alerts: tools that know no question and no channel."""
