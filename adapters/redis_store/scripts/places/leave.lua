-- Drops what waits in a thread whose place is gone and begins to end its session. One at work is left alone.
local due, leases, idle, endings, ends, counters, clock, taken_due, drops = unpack(KEYS, 1, 9)
local inbox, bodies, turn, known, session, unanswered, told, exchanges, answered, taken, overheard, summary = unpack(KEYS, 10, 21)
local thread, reason = ARGV[1], ARGV[2]
local leased_until = redis.call('HEXISTS', leases, thread) == 1 and redis.call('ZSCORE', due, thread)
if leased_until and tonumber(leased_until) > steady_ms(clock) then
  return 0
end
go_on_when_full(due)
redis.call('HINCRBY', counters, 'turn.undeliverable', redis.call('LLEN', inbox))
forget_exchanges(exchanges, drops, thread, 0)
redis.call('DEL', inbox, bodies, turn, known, unanswered, told, answered, taken, overheard, summary)
redis.call('ZREM', due, thread)
redis.call('ZREM', taken_due, thread)
redis.call('HDEL', leases, thread)
return begin_ending(session, idle, endings, ends, clock, thread, reason) and 1 or 0
