-- Unbinds the thread from this conversation, and no other, and queues the conversation's end.
local session, idle, endings, ends, clock = unpack(KEYS)
local thread, conversation, reason = unpack(ARGV)
if redis.call('HGET', session, 'conversation_id') ~= conversation then
  return 0
end
begin_ending(session, idle, endings, ends, clock, thread, reason)
return 1
