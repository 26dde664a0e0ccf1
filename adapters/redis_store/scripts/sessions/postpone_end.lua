-- Makes an end due again later, unless it was confirmed meanwhile.
redis.call('ZADD', KEYS[1], 'XX', whole(now_ms() + tonumber(ARGV[2])), ARGV[1])
return 1
