-- Answers the threads in which nothing was said for too long while a person had them.
local taken_due, clock = unpack(KEYS)
return redis.call('ZRANGEBYSCORE', taken_due, '-inf', whole(steady_ms(clock)), 'LIMIT', 0, ARGV[1])
