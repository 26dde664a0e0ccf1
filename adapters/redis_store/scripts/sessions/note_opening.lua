-- Notes a conversation that is about to be opened.
local openings, opening_due, clock = unpack(KEYS)
local id, opening, life_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])
go_on_when_full(opening_due)
redis.call('HSET', openings, id, opening)
redis.call('ZADD', opening_due, whole(steady_ms(clock) + life_ms), id)
return 1
