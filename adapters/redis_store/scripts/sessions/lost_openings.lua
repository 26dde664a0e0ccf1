-- Takes openings that came to no end in their time, and writes their lines into the ledger. What frees comes first.
local openings, opening_due, ledger, counters, clock = unpack(KEYS)
local limit, longest, reason = ARGV[1], ARGV[2], ARGV[3]
local lost = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', opening_due, '-inf', whole(steady_ms(clock)), 'LIMIT', 0, limit)) do
  local opening = redis.call('HGET', openings, id)
  redis.call('ZREM', opening_due, id)
  redis.call('HDEL', openings, id)
  if opening then
    local line = cjson.decode(opening).line
    redis.call('XADD', ledger, 'MAXLEN', '~', longest, '*', 'ended_ms', whole(now_ms()), unpack(line))
    redis.call('HINCRBY', counters, 'session.' .. reason, 1)
    lost[#lost + 1] = opening
  end
end
return lost
