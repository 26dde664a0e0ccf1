-- Makes an end due again later, unless it was confirmed meanwhile.
go_on_when_full(KEYS[1])
redis.call('ZADD', KEYS[1], 'XX', whole(steady_ms(KEYS[2]) + tonumber(ARGV[2])), ARGV[1])
return 1
