-- Drops what waits in a thread whose place is gone and begins to end its session. One at work is left alone.
local due, leases, idle, endings, ends, counters = unpack(KEYS, 1, 6)
local inbox, bodies, turn, known, session, unanswered, told = unpack(KEYS, 7, 13)
local thread, reason = ARGV[1], ARGV[2]
local leased_until = redis.call('HEXISTS', leases, thread) == 1 and redis.call('ZSCORE', due, thread)
if leased_until and tonumber(leased_until) > now_ms() then
  return 0
end
redis.call('HINCRBY', counters, 'turn.undeliverable', redis.call('LLEN', inbox))
redis.call('DEL', inbox, bodies, turn, known, unanswered, told)
redis.call('ZREM', due, thread)
redis.call('HDEL', leases, thread)
return begin_ending(session, idle, endings, ends, thread, reason) and 1 or 0
