-- Writes down again what was said in a thread, where the server has forgotten it. Not what is too old: the thread may
-- have begun anew since.
local exchanges = KEYS[1]
local most, life_ms, oldest_ms = tonumber(ARGV[1]), ARGV[2], now_ms() - tonumber(ARGV[3])
go_on_when_full(exchanges)
for at = 4, #ARGV, 2 do
  if tonumber(ARGV[at]) >= oldest_ms then
    redis.call('ZADD', exchanges, ARGV[at], ARGV[at + 1])
  end
end
redis.call('ZREMRANGEBYRANK', exchanges, 0, -most - 1)
redis.call('PEXPIRE', exchanges, life_ms)
return redis.call('ZCARD', exchanges)
