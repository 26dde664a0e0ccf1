-- Forgets what was said in a thread, or (no name) tells all workers so for any.
local drops = KEYS[1]
local thread, at_ms = unpack(ARGV)
redis.call('DEL', unpack(KEYS, 2))
note_drop(drops, thread, at_ms)
return 1
