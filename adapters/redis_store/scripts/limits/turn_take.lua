-- Counts a thread as one in which a person is answered now: 1, or 0 where as many are as may be. It waits then.
local live, waiting, clock = unpack(KEYS)
local thread, at_most, held_ms, waits_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local now = steady_ms(clock)
redis.call('ZREMRANGEBYSCORE', live, '-inf', whole(now))
local is_live = redis.call('ZSCORE', live, thread)
if not is_live and at_most > 0 and redis.call('ZCARD', live) >= at_most then
  redis.call('ZADD', waiting, 'NX', whole(now), thread)
  redis.call('PEXPIRE', waiting, waits_ms)
  return 0
end
redis.call('ZADD', live, whole(now + held_ms), thread)
redis.call('PEXPIRE', live, held_ms)
redis.call('ZREM', waiting, thread)
return 1
