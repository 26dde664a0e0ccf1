"""Updates come in, polled or by webhook, and are acknowledged once they are stored."""
