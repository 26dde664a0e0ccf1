-- Counts a request to TalkifAI. Answers 0, or for how long (ms) it has to wait. A tenth of the limit, two requests
-- at the least, is kept for ends, so that closing the meter never waits behind questions. After a 429 with a long wait
-- one end a minute is tried all the same: the wait may have been meant for openings alone.
local quota, is_end, cap = KEYS[1], ARGV[1] == '1', tonumber(ARGV[2])
local now = now_ms()
local known = redis.call('HMGET', quota, 'not_before', 'limit', 'remaining', 'reset_at', 'end_at')
local not_before = tonumber(known[1] or 0)
if not_before > now then
  local end_at = math.min(not_before, tonumber(known[5] or 0))
  if not is_end or end_at > now then
    return (is_end and end_at or not_before) - now
  end
  redis.call('HSET', quota, 'end_at', whole(now + 60000))
  return 0
end
local limit = tonumber(known[2] or 0)
if cap > 0 and (limit == 0 or cap < limit) then
  limit = cap
end
if limit == 0 then
  return 0
end
local remaining, reset_at = tonumber(known[3] or limit), tonumber(known[4] or 0)
if reset_at <= now then
  remaining, reset_at = limit, now + 60000
end
remaining = math.min(remaining, limit)
local kept = is_end and 0 or math.min(math.max(2, math.floor(limit / 10)), limit - 1)
if remaining <= kept then
  return reset_at - now
end
redis.call('HSET', quota, 'remaining', remaining - 1, 'reset_at', whole(reset_at))
redis.call('PEXPIRE', quota, 3600000)
return 0
