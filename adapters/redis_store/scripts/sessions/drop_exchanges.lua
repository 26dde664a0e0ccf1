-- Forgets what was said in a thread, or (no name) in any, and tells so to all workers, which have it in mind too.
local drops = KEYS[1]
local thread, at_ms, longest, kept_ms = unpack(ARGV)
redis.call('DEL', unpack(KEYS, 2))
redis.call('XADD', drops, 'MAXLEN', '~', longest, '*', 'thread', thread, 'at_ms', at_ms)
redis.call('PEXPIRE', drops, kept_ms)
return 1
