-- Notes a 429. For an hour the number that the service documents is then the most.
local state, wait, strict_ms = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local now = now_ms()
local not_before = math.max(now + wait, tonumber(redis.call('HGET', state, 'not_before') or 0))
redis.call('HSET', state, 'not_before', whole(not_before), 'strict_until', whole(now + strict_ms))
redis.call('HDEL', state, 'trusted')
redis.call('PEXPIRE', state, whole(math.max(not_before - now, strict_ms) + 1000))
return 1
