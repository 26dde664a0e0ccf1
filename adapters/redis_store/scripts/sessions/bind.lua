-- Binds a thread to a conversation just opened. A binding to another conversation begins to end.
local leases, session, idle, endings, ends, opened_by, openings, opening_due, clock = unpack(KEYS)
local thread, fence, conversation, idle_ms = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
if not holds(leases, thread, fence) then
  return 0
end
go_on_when_full(idle)
if redis.call('HGET', session, 'conversation_id') ~= conversation then
  begin_ending(session, idle, endings, ends, clock, thread, 'replaced')
end
redis.call('HSET', session, unpack(ARGV, 7))
redis.call('HDEL', openings, ARGV[6])
redis.call('ZREM', opening_due, ARGV[6])
redis.call('ZADD', idle, whole(steady_ms(clock) + idle_ms), thread)
redis.call('SADD', opened_by, thread)
redis.call('PEXPIRE', opened_by, ARGV[5])
return 1
