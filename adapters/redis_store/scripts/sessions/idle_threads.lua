-- Threads whose idle deadline has passed, the longest first. Nothing is taken yet.
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', whole(steady_ms(KEYS[2])), 'LIMIT', 0, ARGV[1])
