-- Notes a 429: no request goes out before that time is over. The first end is tried a minute after it.
local quota, wait = KEYS[1], tonumber(ARGV[1])
local now = now_ms()
local not_before = math.max(now + wait, tonumber(redis.call('HGET', quota, 'not_before') or 0))
redis.call('HSET', quota, 'not_before', whole(not_before))
if tonumber(redis.call('HGET', quota, 'end_at') or 0) < now then
  redis.call('HSET', quota, 'end_at', whole(now + 60000))
end
redis.call('PEXPIRE', quota, 3600000)
return 1
