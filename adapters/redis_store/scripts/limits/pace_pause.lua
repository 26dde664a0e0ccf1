-- Records a 429: no worker calls in this scope before that time. Of several 429s the latest time counts.
local state, now = KEYS[1], now_ms()
local not_before = math.max(now + tonumber(ARGV[1]), tonumber(redis.call('HGET', state, 'not_before') or 0))
redis.call('HSET', state, 'not_before', whole(not_before))
redis.call('PEXPIRE', state, whole(not_before - now + 60000))
return 1
