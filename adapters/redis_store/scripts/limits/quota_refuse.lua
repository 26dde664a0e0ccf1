-- Notes a 429: nobody asks before that time is over.
local quota, wait = KEYS[1], tonumber(ARGV[1])
local now = now_ms()
local not_before = math.max(now + wait, tonumber(redis.call('HGET', quota, 'not_before') or 0))
redis.call('HSET', quota, 'not_before', whole(not_before))
redis.call('PEXPIRE', quota, 3600000)
return 1
