-- Keeps the summary of a conversation, unbinds the thread from it, and queues its end, with the tokens that it took.
local session, idle, endings, ends, clock, summary = unpack(KEYS)
local thread, conversation, text, kept_ms = unpack(ARGV, 1, 4)
if redis.call('HGET', session, 'conversation_id') ~= conversation then
  return 0
end
redis.call('SET', summary, text, 'PX', kept_ms)
for at = 5, #ARGV, 2 do
  redis.call('HINCRBY', session, 'usage.' .. ARGV[at], ARGV[at + 1])
end
begin_ending(session, idle, endings, ends, clock, thread, 'compacted')
return 1
