"""The answer becomes pages, and the channel is made to match them. Not when a call is allowed."""
