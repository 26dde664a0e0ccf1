-- Notes a conversation that is about to be opened.
local openings, opening_due = unpack(KEYS)
local id, opening, life_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])
redis.call('HSET', openings, id, opening)
redis.call('ZADD', opening_due, whole(now_ms() + life_ms), id)
return 1
