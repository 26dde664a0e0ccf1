-- Takes conversations that are due to end: each moves ahead, so that no other reaper gets it meanwhile. A request that
-- comes a second time, because its answer was lost, gets the same ones, and they count no other try.
local ends, endings, attempts, clock, claimed = unpack(KEYS)
local limit, lease_ms, request = ARGV[1], tonumber(ARGV[2]), ARGV[3]
go_on_when_full(ends)
local now = steady_ms(clock)
local last = redis.call('HMGET', claimed, 'request', 'ends')
local is_again = last[1] == request
local names = is_again and cjson.decode(last[2]) or redis.call('ZRANGEBYSCORE', ends, '-inf', whole(now), 'LIMIT', 0, limit)
local taken, taken_names = {}, {}
for _, conversation in ipairs(names) do
  local ending = redis.call('HGET', endings, conversation)
  if ending then
    redis.call('ZADD', ends, whole(now + lease_ms), conversation)
    local tries = redis.call('HINCRBY', attempts, conversation, is_again and 0 or 1)
    taken[#taken + 1] = {conversation, ending, tries}
    taken_names[#taken_names + 1] = conversation
  else
    redis.call('ZREM', ends, conversation)
  end
end
if #taken > 0 and not is_again then
  redis.call('HSET', claimed, 'request', request, 'ends', cjson.encode(taken_names))
  redis.call('PEXPIRE', claimed, lease_ms)
end
return taken
