"""What an operator types while workers run, or while none does: open sessions, usage, questions that were set aside."""
