-- Takes conversations that are due to end: each moves ahead, so that no other reaper gets it meanwhile.
local ends, endings, attempts = unpack(KEYS)
local now = now_ms()
local ahead = whole(now + tonumber(ARGV[2]))
local taken = {}
for _, conversation in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', whole(now), 'LIMIT', 0, ARGV[1])) do
  local ending = redis.call('HGET', endings, conversation)
  if ending then
    redis.call('ZADD', ends, ahead, conversation)
    taken[#taken + 1] = {conversation, ending, redis.call('HINCRBY', attempts, conversation, 1)}
  else
    redis.call('ZREM', ends, conversation)
  end
end
return taken
