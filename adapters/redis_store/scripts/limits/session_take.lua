-- Counts a conversation that is about to be opened, while it is open. Those whose session is gone count no more; one
-- that has none yet counts for the time that opening takes. Answers 0, or for how long (ms) none will end.
-- ARGV from 5 on: threads that were counted and may count no more, each with its session from KEYS 4 on.
local opened, idle, clock = unpack(KEYS, 1, 3)
local thread, person, at_most, held_ms = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local now = steady_ms(clock)
redis.call('ZREMRANGEBYSCORE', opened, '-inf', whole(now - 90000000)) -- no session lives so long
local first
for at = 5, #ARGV do
  local deadline = tonumber(redis.call('ZSCORE', opened, ARGV[at]) or now)
  if redis.call('HGET', KEYS[at - 1], 'person_id') == person then
    local ends = tonumber(redis.call('ZSCORE', idle, ARGV[at]) or now + held_ms)
    first = math.min(first or ends, ends)
  elseif deadline <= now then
    redis.call('ZREM', opened, ARGV[at])
  end
end
if not redis.call('ZSCORE', opened, thread) and at_most > 0 and redis.call('ZCARD', opened) >= at_most then
  return math.max(1000, math.ceil((first or now + held_ms) - now))
end
redis.call('ZADD', opened, whole(now + held_ms), thread)
redis.call('PEXPIRE', opened, 90000000)
return 0
